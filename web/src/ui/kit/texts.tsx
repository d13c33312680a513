import {
  type ReactElement,
  type ReactNode,
  useCallback,
  useMemo,
  useSyncExternalStore,
} from "react";
import { catalogues } from "../../texts/browser-texts";
import type { Piece, Tag, Texts, Translate } from "../../texts/messages";
import { type Refused, sentenceOf } from "../../texts/sentences";
import type { CommonTexts } from "../../texts/texts.gen";
import { Times } from "../../texts/times";

/** Gives the texts of everything but the room, in the language of the interface. */
export function useTexts(): Translate<CommonTexts> {
  return useTranslate<CommonTexts>();
}

/** Gives texts of `T`, whose section must be loaded; components take `useTexts` or `useCallTexts`. */
export function useTranslate<T>(): Translate<T> {
  const shown = useShownTexts();
  return useCallback(
    (key, ...values) => shown.format(key as string, values[0] as Record<string, string>),
    [shown],
  );
}

/** Gives a function that says why something was not done. */
export function useSentence(): (refused: Refused) => string {
  const shown = useShownTexts();
  return useCallback((refused) => sentenceOf(shown, refused), [shown]);
}

/** Gives what writes times and durations. */
export function useTimes(): Times {
  const shown = useShownTexts();
  return useMemo(() => new Times(shown), [shown]);
}

export function useShownTexts(): Texts {
  return useSyncExternalStore(catalogues.texts.subscribe, catalogues.texts.get);
}

/** The values of a rich text: its tags become elements around text, and text may be an element. */
type RichValues<P> = {
  [N in keyof P]: P[N] extends Tag
    ? (text: string) => ReactElement
    : P[N] extends number
      ? number
      : string extends P[N]
        ? ReactElement | string
        : P[N];
};

type RichProps<T, K extends keyof T> = { text: K } & RichValues<T[K]>;

/** A component that shows a text of `T` with elements in it. */
export type RichText<T> = <K extends keyof T>(props: RichProps<T, K>) => ReactElement;

/**
 * Shows a text that holds elements: links, names. Each piece of text has an element of its own, which a browser's
 * translation may replace.
 */
export const Rich: RichText<CommonTexts> = ShownRich;

type Given = Readonly<Record<string, unknown>>;

export function ShownRich({ text, ...given }: { text: string }): ReactElement {
  const pieces = useShownTexts().pieces(text, plainValues(given), elementNames(given));
  return (
    <span>
      {pieces.map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never move
        <span key={index}>{pieceContent(piece, given)}</span>
      ))}
    </span>
  );
}

function plainValues(given: Given): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, string | number] =>
        typeof entry[1] === "string" || typeof entry[1] === "number",
    ),
  );
}

function elementNames(given: Given): string[] {
  return Object.keys(given).filter((name) => typeof given[name] === "object");
}

function pieceContent(piece: Piece, given: Given): ReactNode {
  if (piece.kind === "text") return piece.text;
  const value = given[piece.name];
  return piece.kind === "value"
    ? (value as ReactElement)
    : (value as (text: string) => ReactElement)(piece.text);
}
