import { withoutDirectionControls } from "../../names";
import type { Identity } from "../../session";
import type { Translate } from "../../texts/messages";
import type { CommonTexts } from "../../texts/texts.gen";
import { Isolated } from "./isolated";
import { useTexts } from "./texts";

/** The name of a person as shown on tiles. */
export function shownName(t: Translate<CommonTexts>, identity: Identity): string {
  return identity.displayName ?? identity.username ?? t("app.guest");
}

const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Both names as `PersonName` shows them, for a sentence or a label; right-to-left names are isolated (UAX 9). */
export function fullName({ username, displayName }: Omit<Props, "self">): string {
  if (!displayName || displayName === username) return username;
  const name = withoutDirectionControls(displayName);
  const isolated = RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
  return `${isolated} (${username})`;
}

interface Props {
  username: string;
  displayName?: string | null | undefined;
  self?: boolean | undefined;
}

/** Shows the username beside the display name, which is not unique: so nobody passes for somebody else. */
export function PersonName({ username, displayName, self }: Props) {
  const t = useTexts();
  const account = self ? t("app.self", { name: username }) : username;
  if (!displayName || displayName === username) return <span>{account}</span>;
  return (
    <span className="person-name">
      <Isolated>{displayName}</Isolated>
      <span className="soft small">{` ${account}`}</span>
    </span>
  );
}
