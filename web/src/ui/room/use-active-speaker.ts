import { useEffect, useState } from "react";
import type { Participant } from "../../call/topology";
import type { Store } from "../../store";
import { ActiveSpeaker } from "./active-speaker";

const EVERY_MS = 250;

/** Follows who is the speaker among the participants; null until somebody has spoken. */
export function useActiveSpeaker(participants: Store<readonly Participant[]>): string | null {
  const [speaker, setSpeaker] = useState<string | null>(null);
  useEffect(() => {
    const active = new ActiveSpeaker();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      clearTimeout(timer);
      setSpeaker(active.current);
      if (active.isUnsettled) timer = setTimeout(pass, EVERY_MS);
    };
    const pass = () => {
      active.settle(performance.now());
      show();
    };
    const follow = () => {
      active.follow(participants.get(), performance.now());
      show();
    };
    follow();
    const unsubscribe = participants.subscribe(follow);
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [participants]);
  return speaker;
}
