import type { EntryPreparation } from "../../call/entry-preparation";
import type { PeerEntry } from "../../wire.gen";
import { useStore } from "../app/services";
import { fullName } from "../kit/person-name";

/** Says in the lobby who is in the call already. */
export function PeoplePresent({ preparation }: { preparation: EntryPreparation }) {
  const sentence = presence(useStore(preparation.present));
  return (
    <p className="soft small" role="status" dir="auto">
      {sentence && <span>{sentence}</span>}
    </p>
  );
}

/** An empty text where nobody is there. */
export function presence(peers: readonly PeerEntry[]): string {
  const names = peers.map(({ peerUsername: username, peerDisplayName: displayName }) =>
    fullName({ username, displayName }),
  );
  const [first = "", second = ""] = names;
  if (names.length === 0) return "";
  if (names.length === 1) return `${first} is in the call.`;
  if (names.length === 2) return `${first} and ${second} are in the call.`;
  return `${first} and ${names.length - 1} others are in the call.`;
}
