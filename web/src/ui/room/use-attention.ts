import { useCallback, useState } from "react";
import type { Participant } from "../../call/topology";
import { withPin } from "./stage-focus";
import { inOrderOfSharing } from "./stage-layout";
import { tileKey } from "./stage-tiles";

/**
 * Keeps what is pinned, and whose shared screen is looked at: the last who began to share, or the one chosen here.
 * Never our own screen: a screen that shows itself repeats without end, and a presenter looks at the others.
 */
export function useAttention(participants: readonly Participant[]) {
  const [order, setOrder] = useState<readonly string[]>([]);
  const [pinned, setPinned] = useState<readonly string[]>([]);
  const sharing = participants.filter(({ tracks }) => tracks.screen.on).map(screenKey);
  const current = inOrderOfSharing(order, sharing);
  if (current.join() !== order.join()) setOrder(current);
  const pin = useCallback((key: string) => setPinned((before) => withPin(before, key)), []);
  const feature = (key: string) => {
    setPinned((before) => before.filter((other) => !current.includes(other)));
    setOrder([...current.filter((other) => other !== key), key]);
  };
  return { pinned, screen: current.at(-1) ?? null, pin, feature };
}

function screenKey(participant: Participant): string {
  return tileKey({ kind: "screen", participant });
}
