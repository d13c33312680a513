import type { Translate } from "../../texts/messages";
import type { CommonTexts } from "../../texts/texts.gen";
import type { CallEntry } from "../../wire.gen";
import { fullName } from "../kit/person-name";

/** Names those whom the server names, and counts the others. */
export function peopleInCall(
  t: Translate<CommonTexts>,
  locale: string,
  { people, count }: CallEntry,
): string {
  const list = new Intl.ListFormat(locale, { type: "unit" });
  const names = list.format(people.map(fullName));
  const others = count - people.length;
  return others > 0 ? t("home.inCallMore", { names, count: others }) : t("home.inCall", { names });
}
