import type { EntryPreparation } from "../../call/entry-preparation";
import type { PeerEntry } from "../../wire.gen";
import { useStore } from "../app/services";
import { fullName } from "../kit/person-name";
import { type TranslateCall, useCallTexts } from "./texts";

/** Says in the lobby who is in the call already. */
export function PeoplePresent({ preparation }: { preparation: EntryPreparation }) {
  const sentence = presence(useCallTexts(), useStore(preparation.present));
  return (
    <p className="soft small" role="status" dir="auto">
      {sentence && <span>{sentence}</span>}
    </p>
  );
}

/** An empty text where nobody is there. */
export function presence(t: TranslateCall, peers: readonly PeerEntry[]): string {
  const names = peers.map(({ peerUsername: username, peerDisplayName: displayName }) =>
    fullName({ username, displayName }),
  );
  const [first = "", second = ""] = names;
  if (names.length === 0) return "";
  if (names.length === 1) return t("call.lobby.one", { first });
  if (names.length === 2) return t("call.lobby.two", { first, second });
  return t("call.lobby.more", { first, count: names.length - 1 });
}
