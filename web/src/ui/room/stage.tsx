import { Fragment, type ReactElement, useLayoutEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { bestEffort } from "../../call/best-effort";
import type { Call } from "../../call/call";
import { ownStanding } from "../../call/health/advice";
import type { Participant } from "../../call/topology";
import { useStore } from "../app/services";
import { inOrderOfSharing, layOutStage, type Place } from "./stage-layout";
import { type StageTile, screenKey, stageTiles, tileKey } from "./stage-tiles";
import { useCallTexts } from "./texts";
import { OwnScreenTile, ParticipantTile, ScreenTile, SelfTile } from "./tile";
import type { Size } from "./tile-grid";

interface StageProps {
  call: Call;
  name: string;
  peerID: string;
  /** Shown above the tiles while nobody else is in the call. */
  alone: ReactElement;
}

export function Stage({ call, name, peerID, alone }: StageProps) {
  const t = useCallTexts();
  const participants = useStore(call.participants);
  const connections = useStore(call.health.records).filter(({ isHere }) => isHere);
  const standingOf = (id: string) => connections.find((one) => one.id === id)?.standing ?? null;
  const { screens } = useStore(call.media.view);
  const floor = useRef<HTMLDivElement>(null);
  const size = useSize(floor);
  const { featured, feature } = useFeatured(participants);
  const tiles = stageTiles(participants, { ownScreens: screens.map(({ source }) => source) });
  const index = tiles.findIndex((tile) => tile.kind === "screen" && tileKey(tile) === featured);
  const isFeatured = index >= 0;
  const count = tiles.length;
  const { places, height } = useMemo(
    () => layOutStage(size, { count, featured: isFeatured ? index : null }),
    [size, count, isFeatured, index],
  );
  const show = (tile: StageTile, place: Place | undefined) => {
    switch (tile.kind) {
      case "participant":
        return (
          <ParticipantTile
            participant={tile.participant}
            views={call.views}
            place={place}
            standing={standingOf(tile.participant.id)}
          />
        );
      case "screen":
        return (
          <ScreenTile
            participant={tile.participant}
            screen={tile.screen}
            views={call.views}
            place={place}
            isFeatured={tileKey(tile) === featured}
            onFeature={() => feature(tileKey(tile))}
          />
        );
      case "own-screen":
        return (
          <OwnScreenTile media={call.media} source={tile.source} peerID={peerID} place={place} />
        );
      case "self":
        return (
          <SelfTile
            media={call.media}
            voice={call.voice}
            {...{ name, peerID, place }}
            standing={ownStanding(connections)}
          />
        );
    }
  };
  return (
    <main
      className={`stage ${tiles.length === 2 && !isFeatured ? "pair" : ""}`}
      aria-label={t("call.stage.region")}
    >
      {participants.length === 0 && alone}
      <div className={`stage-floor ${height > size.height ? "scrolls" : ""}`} ref={floor}>
        <div className="tiles" style={{ height }}>
          {tiles.map((tile, at) => (
            <Fragment key={tileKey(tile)}>{show(tile, places[at])}</Fragment>
          ))}
        </div>
      </div>
    </main>
  );
}

/**
 * The shared screen that gets the large place: the last whose sharing began, or the one chosen here.
 * Never our own screen: a screen that shows itself repeats without end, and a presenter looks at the others.
 */
function useFeatured(participants: readonly Participant[]) {
  const [order, setOrder] = useState<readonly string[]>([]);
  const sharing = participants.flatMap((participant) =>
    participant.screens.map((screen) => screenKey(participant, screen)),
  );
  const current = inOrderOfSharing(order, sharing);
  if (current.join() !== order.join()) setOrder(current);
  const feature = (key: string) => setOrder([...current.filter((other) => other !== key), key]);
  return { featured: current.at(-1) ?? null, feature };
}

/**
 * Measures an element, scrollbars included: else a scrollbar that a layout causes would cause the next layout. The
 * state is updated synchronously, so that the browser never paints the old layout in the new size.
 */
function useSize(ref: React.RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      const { offsetWidth: width, offsetHeight: height } = element;
      setSize((known) =>
        known.width === width && known.height === height ? known : { width, height },
      );
    };
    measure();
    const observer = bestEffort("tiles that follow panels", () => {
      const created = new ResizeObserver(() => flushSync(measure));
      created.observe(element, { box: "border-box" });
      return created;
    });
    window.addEventListener("resize", measure);
    return () => {
      window.removeEventListener("resize", measure);
      observer?.disconnect();
    };
  }, [ref]);
  return size;
}
