import type { Participant } from "../../../call/topology";
import type { PeerEntry, ServerRecording } from "../../../wire.gen";

type Named = Pick<Participant, "id" | "username" | "displayName" | "records">;

/** The names of those who record the call, as far as a list of the server tells; empty where nobody does. */
export function recordersAmong(peers: readonly PeerEntry[]): string {
  return namesOf(
    peers
      .filter(({ recording }) => recording)
      .map(({ peerUsername, peerDisplayName }) => ({
        username: peerUsername,
        displayName: peerDisplayName,
      })),
  );
}

export function recordersIn(participants: readonly Named[]): string {
  return namesOf(participants.filter(({ records }) => records));
}

/** Who began to record between two lists of participants, who recorded when we met, and who ended it and is there. */
export function recordingNews(before: readonly Named[], after: readonly Named[]) {
  const known = (people: readonly Named[], id: string) => people.some((one) => one.id === id);
  const recorded = (people: readonly Named[], id: string) =>
    people.some((person) => person.id === id && person.records);
  const now = after.filter(({ id, records }) => records && !recorded(before, id));
  return {
    began: namesOf(now.filter(({ id }) => known(before, id))),
    met: namesOf(now.filter(({ id }) => !known(before, id))),
    ended: namesOf(after.filter(({ id, records }) => !records && recorded(before, id))),
  };
}

/** The name of who started a recording of the server. */
export function recordingStarter({ username, displayName }: ServerRecording): string {
  return displayName ?? username;
}

function namesOf(people: readonly Pick<Named, "username" | "displayName">[]): string {
  return people.map(({ displayName, username }) => displayName ?? username).join(", ");
}
