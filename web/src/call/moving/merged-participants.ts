import type { Participant, RemoteScreen, RemoteTrack } from "../topology";

/** A participant as two or more ways show them, the preferred way first. Every list has at least one. */
type Views = readonly [Participant, ...Participant[]];

/**
 * What makes the codes that people compare: both ends of a connection in the mesh, member keys alone where there are
 * none, or nothing.
 */
export type CodesBy = "connections" | "member-keys" | null;

/**
 * Who is in the call, as the ways that media may take show them: each source by the first way on which it flows. What
 * the mesh knows beside media (codes, hands, who is reachable) is taken from `mesh`, where it has the participant. An
 * SFU reads what passes it without encryption: meanwhile there is no code that would say that nobody listens in.
 */
export function mergedParticipants(
  ways: readonly (readonly Participant[])[],
  mesh: readonly Participant[],
  codesBy: CodesBy,
): Participant[] {
  const views = new Map<string, Participant[]>();
  for (const one of ways.flat()) views.set(one.id, [...(views.get(one.id) ?? []), one]);
  const inMesh = new Map(mesh.map((one) => [one.id, one]));
  return [...views.values()].map((found) => merged(found as unknown as Views, inMesh, codesBy));
}

/** A participant on a way that is new: what flows there counts once something of it has been decoded. */
export function onceCome(
  participant: Participant,
  hasCome: (track: MediaStreamTrack) => boolean,
): Participant {
  const seen = <T extends RemoteTrack>(remote: T): T => {
    const { track, flowing } = remote;
    return flowing && track && !hasCome(track) ? { ...remote, flowing: false } : remote;
  };
  const { microphone, camera, screen } = participant.tracks;
  return {
    ...participant,
    tracks: { microphone: seen(microphone), camera: seen(camera), screen: seen(screen) },
    screens: participant.screens.map(seen),
  };
}

function merged(
  views: Views,
  mesh: ReadonlyMap<string, Participant>,
  codesBy: CodesBy,
): Participant {
  const [first] = views;
  const known = mesh.get(first.id);
  const hand = known?.hand ?? views.find((view) => view.hand !== undefined)?.hand;
  return {
    ...first,
    displayName: known?.displayName ?? first.displayName,
    tracks: {
      microphone: chosen(
        views.map(({ tracks }) => tracks.microphone),
        known?.tracks.microphone,
      ),
      camera: chosen(
        views.map(({ tracks }) => tracks.camera),
        known?.tracks.camera,
      ),
      screen: chosen(
        views.map(({ tracks }) => tracks.screen),
        known?.tracks.screen,
      ),
    },
    screens: screensOf(views),
    health: (views.find(({ health }) => health.connection === "connected") ?? first).health,
    speaking: views.some(({ speaking }) => speaking),
    records: views.some(({ records }) => records) || known?.records === true,
    ...(hand !== undefined && { hand }),
    code: codesBy === "connections" ? (known?.code ?? null) : codesBy && first.code,
    codeChanged: views.some(({ codeChanged }) => codeChanged) || known?.codeChanged === true,
  };
}

/** Over the mesh's channels a participant tells by themselves what is on; an SFU tells it a little later. */
function chosen(tracks: readonly RemoteTrack[], told: RemoteTrack | undefined): RemoteTrack {
  const track = preferred(tracks);
  return { ...track, on: told?.on ?? track.on };
}

function preferred<T extends RemoteTrack>(tracks: readonly T[]): T {
  const found = tracks.find(({ flowing }) => flowing) ?? tracks.find(({ track }) => track !== null);
  return (found ?? tracks[0]) as T;
}

function screensOf(views: Views): readonly RemoteScreen[] {
  const sources = new Set(views.flatMap(({ screens }) => screens.map(({ source }) => source)));
  return [...sources].map((source) =>
    preferred(views.flatMap(({ screens }) => screens.filter((one) => one.source === source))),
  );
}
