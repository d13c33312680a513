import type { Texts, Translate } from "./messages";
import type { CommonTexts } from "./texts.gen";

/** Why something was not done, by its code. The server's refusals bring their English sentence. */
export interface Refused {
  readonly code: string;
  readonly message?: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** The person whom it is about. */
  readonly who?: string | undefined;
}

type T = Translate<CommonTexts>;

/** The sentences of what this client refuses by itself. */
const OWN: Readonly<Record<string, (t: T, refused: Refused) => string>> = {
  unreachable: (t) => t("problem.unreachable"),
  unknown: (t, { status }) => t("problem.unknown", { status: String(status) }),
  no_answer: (t) => t("problem.noAnswer"),
  unknown_topology: (t) => t("problem.outdated"),
  guest_expired: (t) => t("problem.guestExpired"),
  account_deleted: (t) => t("problem.accountDeleted"),
  other_account: (t, { who = "" }) => t("problem.otherAccount", { name: who }),
};

/** Says why something was not done. A code of a newer server has the server's own sentence. */
export function sentenceOf(texts: Texts, refused: Refused): string {
  const key = `refusal.${refused.code}`;
  if (texts.has(key)) return texts.format(key);
  if (refused.message) return refused.message;
  const t: T = (own, ...values) => texts.format(own, values[0]);
  return OWN[refused.code]?.(t, refused) ?? t("problem.unexpected");
}
