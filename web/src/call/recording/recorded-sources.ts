import type { LocalTracks, Participant } from "../topology";
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
  readonly remote: { readonly participant: string; readonly source: "camera" | "screen" } | null;
}

export const OWN = "self";

/** What is in the picture: the person at this browser, and with `everybody` the others and all screens. */
export function picturesOf(
  { participants, own, ownName }: RecordedCall,
  { everybody, screenName }: { everybody: boolean; screenName: (name: string) => string },
): PictureOrigin[] {
  const ownCamera = own.on.camera ? own.camera : null;
  const self = origin({ id: OWN, kind: "person", name: ownName }, ownCamera);
  if (!everybody) return [self];
  const others = participants.flatMap((participant) => {
    const { id, tracks } = participant;
    const name = participant.displayName ?? participant.username;
    const { camera, screen } = tracks;
    const isSeen = camera.track !== null && !camera.paused && (camera.on ?? camera.flowing);
    const person = origin(
      { id: `camera ${id}`, kind: "person", name },
      isSeen ? camera.track : null,
      {
        participant: id,
        source: "camera",
      },
    );
    if (!screen.on || !screen.track) return [person];
    const seat = { id: `screen ${id}`, kind: "screen", name: screenName(name) } as const;
    return [person, origin(seat, screen.track, { participant: id, source: "screen" })];
  });
  if (!own.screen) return [self, ...others];
  const screen = { id: "own-screen", kind: "screen", name: screenName(ownName) } as const;
  return [self, ...others, origin(screen, own.screen)];
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
  const others = everybody ? participants.map(({ tracks }) => tracks.microphone.track) : [];
  return [own.microphone, ...others].filter((track) => track !== null);
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
