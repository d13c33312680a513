import type { Identity } from "../session";
import { Isolated } from "./isolated";

/** What somebody is called in a call. */
export function shownName({ displayName, username }: Identity): string {
  return displayName ?? username ?? "Guest";
}

interface Props {
  username: string;
  displayName?: string | null | undefined;
  self?: boolean | undefined;
}

/** Anybody may choose any display name: the username stands beside it, so that nobody passes for another. */
export function PersonName({ username, displayName, self }: Props) {
  const you = self ? " (you)" : "";
  if (!displayName || displayName === username) return <span>{`${username}${you}`}</span>;
  return (
    <span className="person-name">
      <Isolated>{displayName}</Isolated>
      <span className="soft small">{` ${username}${you}`}</span>
    </span>
  );
}
