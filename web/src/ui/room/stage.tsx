import {
  Fragment,
  type ReactElement,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { bestEffort } from "../../call/best-effort";
import type { Call } from "../../call/call";
import { ownStanding } from "../../call/health/advice";
import type { Participant } from "../../call/topology";
import { useStore } from "../app/services";
import { toast } from "../kit/toast";
import type { Corner } from "./own-corner";
import { Pager } from "./pager";
import type { Focus, PictureInPicture } from "./picture-in-picture";
import { SelfTile } from "./self-tile";
import { SmallWindow } from "./small-window";
import type { KeptChoices } from "./stage-choices";
import { focusOf, largeTiles } from "./stage-focus";
import { layOutStage, MOST_ON_A_PAGE, type Tiles } from "./stage-layout";
import { NO_SEATS, seatsAfter } from "./stage-seats";
import { type StageTile, stageTiles, tileKey } from "./stage-tiles";
import { useCallTexts } from "./texts";
import { OwnScreenTile, ParticipantTile, ScreenTile, type TilePlace } from "./tile";
import type { Size } from "./tile-grid";
import { useActiveSpeaker } from "./use-active-speaker";
import { useAttention } from "./use-attention";
import { usePageTurning } from "./use-page-turning";

interface StageProps {
  call: Call;
  name: string;
  peerID: string;
  choices: KeptChoices;
  small: PictureInPicture;
  /** Shown above the tiles while nobody else is in the call. */
  alone: ReactElement;
}

export function Stage({ call, name, peerID, choices, small, alone }: StageProps) {
  const t = useCallTexts();
  const participants = useStore(call.participants);
  const connections = useStore(call.health.records).filter(({ isHere }) => isHere);
  const standings = new Map(connections.map(({ id, standing }) => [id, standing]));
  const { screens } = useStore(call.media.view);
  const { arrangement, showsSelf, corner } = useStore(choices.current);
  const floor = useRef<HTMLDivElement>(null);
  const size = useSize(floor);
  const { pinned, screen, pin, feature } = useAttention(participants);
  const speaker = useActiveSpeaker(call.participants);
  const [wantedPage, setPage] = useState(0);
  const [inFront, setInFront] = useState<number | null>(null);
  const seated = useSeated(participants, { seats: inFront, speaker });
  const ownScreens = screens.map(({ source }) => source);
  const tiles = stageTiles(seated, { ownScreens, showsSelf });
  const count = tiles.length;
  const large = largeTiles(tiles, { arrangement, pinned, screen, speaker });
  const hasLargeScreen = large.some((index) => tiles[index]?.kind === "screen");
  const largeList = large.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list of indexes is new each time, and what is in it is not
  const arranged = useMemo<Tiles>(() => {
    const self = showsSelf ? count - 1 : null;
    return { count, large, hasLargeScreen, self, corner, page: wantedPage };
  }, [count, largeList, hasLargeScreen, showsSelf, corner, wantedPage]);
  const layout = useMemo(() => layOutStage(size, arranged), [size, arranged]);
  const focus = focusOf(tiles, { large, speaker });
  useEffect(() => small.follow(pictureOf(tiles[focus])));
  const { places, page, pages, floats, each } = layout;
  const others = tiles.filter(({ kind }) => kind !== "participant" && kind !== "self").length;
  const fits = each === null ? null : Math.max(1, each - others);
  if (fits !== inFront) setInFront(fits);
  const isCrowd = participants.length > MOST_ON_A_PAGE;
  const turn = useCallback(
    (by: number) => setPage(Math.min(Math.max(page + by, 0), pages - 1)),
    [page, pages],
  );
  usePageTurning(floor, pages > 1 ? turn : null);
  const onCorner = useCallback((corner: Corner) => choices.change({ corner }), [choices]);
  const onHide = useCallback(() => {
    choices.change({ showsSelf: false });
    toast(t("call.stage.selfHidden"));
  }, [choices, t]);
  const show = (tile: StageTile, at: number) => {
    const place = places[at];
    const key = tileKey(tile);
    const pinning = { isPinned: pinned.includes(key), onPin: pin };
    switch (tile.kind) {
      case "participant":
        return (
          <ParticipantTile
            participant={tile.participant}
            views={call.views}
            place={place}
            standing={standings.get(tile.participant.id) ?? null}
            isCrowd={isCrowd}
            {...pinning}
          />
        );
      case "screen":
        return (
          <ScreenTile
            participant={tile.participant}
            screen={tile.screen}
            views={call.views}
            place={place}
            isFeatured={large.includes(at)}
            onFeature={() => feature(key)}
            {...pinning}
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
            {...{ name, peerID, place, onCorner, onHide }}
            standing={ownStanding(connections)}
            corner={floats ? corner : null}
          />
        );
    }
  };
  return (
    <main className={`stage ${floats ? "pair" : ""}`} aria-label={t("call.stage.region")}>
      {participants.length === 0 && alone}
      <div className={`stage-floor ${pages > 1 ? "in-pages" : ""}`} ref={floor}>
        <div className="tiles">
          {tiles.map((tile, at) => (
            <Fragment key={tileKey(tile)}>{show(tile, at)}</Fragment>
          ))}
        </div>
        {count === 0 && <HiddenSelf onShow={() => choices.change({ showsSelf: true })} />}
        <SmallWindow {...{ small, call, tiles, focus, name, peerID }} layout={arranged} />
        <Pager layout={layout} isSpeaking={speakingElsewhere(tiles, places)} onPage={setPage} />
      </div>
    </main>
  );
}

/** Gives the people in the order of their tiles. */
function useSeated(
  participants: readonly Participant[],
  front: { seats: number | null; speaker: string | null },
): readonly Participant[] {
  const [seats, setSeats] = useState(NO_SEATS);
  const people = participants.map(({ id, tracks: { camera } }) => ({
    id,
    shows: camera.on === true,
  }));
  const now = seatsAfter(seats, people, front);
  if (now !== seats) setSeats(now);
  const { order } = now;
  return useMemo(() => {
    const known = new Map(participants.map((one) => [one.id, one]));
    return order.flatMap((id) => known.get(id) ?? []);
  }, [participants, order]);
}

/** Stands on a stage without tiles: the viewer is alone, and hides their own. */
function HiddenSelf({ onShow }: { onShow(): void }) {
  const t = useCallTexts();
  return (
    <div className="stage-empty">
      <p>{t("call.stage.empty")}</p>
      <button type="button" className="button secondary" onClick={onShow}>
        {t("call.view.showSelf")}
      </button>
    </div>
  );
}

/** Gives the picture of a tile; null where it has none, or is one's own. */
function pictureOf(tile: StageTile | undefined): Focus | null {
  if (!tile || !("participant" in tile)) return null;
  const { id, tracks } = tile.participant;
  const source = tile.kind === "screen" ? tile.screen.source : "camera";
  const { track, on } = tile.kind === "screen" ? tile.screen : tracks.camera;
  return track && on !== false ? { participant: id, source, track } : null;
}

/** Says whether somebody speaks on a page before, or after, the one that is shown. */
function speakingElsewhere(tiles: readonly StageTile[], places: readonly TilePlace[]) {
  const first = places.findIndex((place) => place !== null);
  const speaks = (tile: StageTile, at: number) =>
    places[at] === null && tile.kind === "participant" && tile.participant.speaking;
  return {
    before: tiles.slice(0, first).some((tile, at) => speaks(tile, at)),
    after: tiles.some((tile, at) => at > first && speaks(tile, at)),
  };
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
