import type { PictureSource } from "../quality/wishes";
import { type LocalTracks, type Participant, SCREENS, type ScreenSource } from "../topology";
import type { Seat } from "./picture-layout";

/** The call as a recorder sees it. */
export interface RecordedCall {
  readonly participants: readonly Participant[];
  readonly own: LocalTracks;
  readonly ownName: string;
  /** Whether the person at this browser is heard to speak. */
  readonly ownSpeaks: boolean;
}

/** A source of the picture, and whose it is. */
export interface PictureOrigin {
  readonly seat: Seat;
  readonly track: MediaStreamTrack | null;
  /** Null for our own: of others' pictures the size is asked for. */
  readonly remote: { readonly participant: string; readonly source: PictureSource } | null;
}

export const OWN = "self";

/** How a screen is called: by whose it is, and which of theirs, from 1. */
export type ScreenName = (owner: string, number: number) => string;

/** What is in the picture: the person at this browser, and with `everybody` the others and all screens. */
export function picturesOf(
  { participants, own, ownName }: RecordedCall,
  { everybody, screenName }: { everybody: boolean; screenName: ScreenName },
): PictureOrigin[] {
  const ownCamera = own.on.camera ? own.camera : null;
  const self = origin({ id: OWN, kind: "person", name: ownName }, ownCamera);
  if (!everybody) return [self];
  const others = participants.flatMap((participant) => {
    const { id, tracks } = participant;
    const name = participant.displayName ?? participant.username;
    const { camera } = tracks;
    const isSeen = camera.track !== null && !camera.paused && (camera.on ?? camera.flowing);
    const person = origin(
      { id: `camera ${id}`, kind: "person", name },
      isSeen ? camera.track : null,
      {
        participant: id,
        source: "camera",
      },
    );
    const shared = participant.screens.flatMap(({ source, track }) => {
      const seat = screenSeat(`${source} ${id}`, screenName(name, numberOf(source)));
      return track ? [origin(seat, track, { participant: id, source })] : [];
    });
    return [person, ...shared];
  });
  const mine = own.screens.map(({ source, picture }) =>
    origin(screenSeat(`own ${source}`, screenName(ownName, numberOf(source))), picture),
  );
  return [self, ...others, ...mine];
}

function screenSeat(id: string, name: string): Omit<Seat, "hasPicture"> {
  return { id, kind: "screen", name };
}

function numberOf(source: ScreenSource): number {
  return SCREENS.indexOf(source) + 1;
}

function origin(
  seat: Omit<Seat, "hasPicture">,
  track: MediaStreamTrack | null,
  remote: PictureOrigin["remote"] = null,
): PictureOrigin {
  return { seat: { ...seat, hasPicture: track !== null }, track, remote };
}

export function soundsOf(
  { participants, own }: RecordedCall,
  { everybody }: { everybody: boolean },
): MediaStreamTrack[] {
  if (!everybody) return own.microphone ? [own.microphone] : [];
  const others = participants.flatMap(({ tracks, screens }) => [
    tracks.microphone.track,
    ...screens.map(({ sound }) => sound),
  ]);
  const mine = own.screens.map(({ sound }) => sound);
  return [own.microphone, ...others, ...mine].filter((track) => track !== null);
}

/** The seat of who speaks. It stays with the last who spoke, so that the picture is calm. */
export function speakerOf(
  { participants, ownSpeaks }: RecordedCall,
  before: string | null,
): string | null {
  const speaking = [
    ...participants.filter((participant) => participant.speaking).map(({ id }) => `camera ${id}`),
    ...(ownSpeaks ? [OWN] : []),
  ];
  if (before !== null && speaking.includes(before)) return before;
  return speaking[0] ?? before;
}
