import { createContext, useContext } from "react";
import { Gestures, type Reaction, type ShownReaction } from "../../../call/gestures";
import { useStore, useStored } from "../../app/services";

/** Shown by tiles wherever they stand. */
export const CallGestures = createContext(new Gestures({ tell: () => {} }));

/** What each reaction is shown as; its name is read aloud. */
export const SYMBOLS: Readonly<Record<Reaction, string>> = {
  "thumbs-up": "👍",
  applause: "👏",
  heart: "❤️",
  laughter: "😂",
  surprise: "😮",
  party: "🎉",
  thanks: "🙏",
  "thumbs-down": "👎",
};

/** The place of a person's hand among those that are up, from 1; 0 where it is down. */
export function useHandOf(id: string): number {
  return useStored(useContext(CallGestures).hands, (hands) => hands.indexOf(id) + 1);
}

const NONE: readonly ShownReaction[] = [];

export function useReactionsOf(id: string): readonly ShownReaction[] {
  return useStore(useContext(CallGestures).reactions).get(id) ?? NONE;
}
