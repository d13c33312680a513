import { addressEntries } from "./address-list";
import { fits, textLength } from "./length";
import { canBeSeen, fitsPath, hasControls, nameLength } from "./names";
import type { Translate } from "./texts/messages";
import type { CommonTexts } from "./texts/texts.gen";
import { LIMITS } from "./wire.gen";

/** A sentence in the language of the interface. */
export type Sentence = (t: Translate<CommonTexts>) => string;

/** Checks a value as the server will, before it is sent; gives the sentence to show, or null. */
export type Rule = (value: string) => Sentence | null;

const USERNAME = /^[A-Za-z_][A-Za-z0-9_-]{3,23}$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)*$/;

const required =
  (sentence: Sentence): Rule =>
  (value) =>
    value.trim() ? null : sentence;

export const presentPassword = required((t) => t("rules.password"));
export const account = required((t) => t("rules.account"));
export const presentRoomPassword = required((t) => t("rules.roomPassword"));

export const email: Rule = (value) => (EMAIL.test(value.trim()) ? null : (t) => t("rules.email"));

export const username: Rule = (value) => {
  if (USERNAME.test(value)) return null;
  const { usernameLeast, username: most } = LIMITS;
  if (textLength(value) < usernameLeast || !fits(value, "username")) {
    return between(usernameLeast, most);
  }
  if (!/^[A-Za-z_]/.test(value)) return (t) => t("rules.firstLetter");
  return (t) => t("rules.usernameCharacters");
};

export const password: Rule = (value) =>
  textLength(value) >= LIMITS.passwordLeast && fits(value, "password")
    ? null
    : between(LIMITS.passwordLeast, LIMITS.password);

export const roomPassword: Rule = (value) => {
  if (!value) return (t) => t("rules.newRoomPassword");
  return fits(value, "roomPassword") ? null : atMost(LIMITS.roomPassword);
};

export const description: Rule = (value) =>
  fits(value.trim(), "description") ? null : atMost(LIMITS.description);

const atMost =
  (most: number): Sentence =>
  (t) =>
    t("rules.atMost", { most });

const between =
  (least: number, most: number): Sentence =>
  (t) =>
    t("rules.between", { least, most });

const visible: Sentence = (t) => t("rules.visible");

export const roomName: Rule = (value) => {
  const length = nameLength(value);
  if (length < 1 || length > LIMITS.roomName) return between(1, LIMITS.roomName);
  if (!canBeSeen(value)) return (t) => t("rules.oneVisible");
  if (hasControls(value)) return visible;
  return fitsPath(value) ? null : (t) => t("rules.roomName");
};

/** A display name; empty for none. */
export const displayName: Rule = (value) => {
  if (value.trim() === "") return null;
  if (nameLength(value) > LIMITS.roomName) return atMost(LIMITS.roomName);
  if (hasControls(value)) return visible;
  return canBeSeen(value) && fitsPath(value) ? null : visible;
};

/** Splits text that was typed or pasted into addresses and the rest. */
export function splitEmails(text: string): { emails: string[]; others: string[] } {
  const emails: string[] = [];
  const others: string[] = [];
  for (const entry of addressEntries(text)) {
    if (email(entry.address) === null) emails.push(entry.address);
    else others.push(entry.text);
  }
  return { emails, others };
}
