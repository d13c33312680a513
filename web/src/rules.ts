import { addressEntries } from "./address-list";
import { fits, textLength } from "./length";
import { canBeSeen, fitsPath, hasControls, nameLength } from "./names";
import { LIMITS } from "./wire.gen";

/** Checks a value as the server will, before it is sent; gives the sentence to show, or null. */
export type Rule = (value: string) => string | null;

const USERNAME = /^[A-Za-z_][A-Za-z0-9_-]{3,23}$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)*$/;

export const required =
  (what: string): Rule =>
  (value) =>
    value.trim() ? null : `Enter ${what}.`;

export const email: Rule = (value) =>
  EMAIL.test(value.trim()) ? null : "Enter an email address, such as ann@example.org.";

export const username: Rule = (value) => {
  if (USERNAME.test(value)) return null;
  const { usernameLeast, username: most } = LIMITS;
  if (textLength(value) < usernameLeast || !fits(value, "username")) {
    return `Use ${usernameLeast} to ${most} characters.`;
  }
  if (!/^[A-Za-z_]/.test(value)) return "Start with a letter or _.";
  return "Use letters, digits, - and _ only.";
};

export const password: Rule = (value) =>
  textLength(value) >= LIMITS.passwordLeast && fits(value, "password")
    ? null
    : `Use ${LIMITS.passwordLeast} to ${LIMITS.password} characters.`;

export const roomPassword: Rule = (value) => {
  if (!value) return "Enter a password for the room.";
  return fits(value, "roomPassword") ? null : atMost(LIMITS.roomPassword);
};

export const description: Rule = (value) =>
  fits(value.trim(), "description") ? null : atMost(LIMITS.description);

const atMost = (limit: number) => `Use at most ${limit.toLocaleString("en")} characters.`;

export const roomName: Rule = (value) => {
  const length = nameLength(value);
  if (length < 1 || length > LIMITS.roomName) return `Use 1 to ${LIMITS.roomName} characters.`;
  if (!canBeSeen(value)) return "Use at least one visible character.";
  if (hasControls(value)) return "Use characters that can be seen.";
  return fitsPath(value) ? null : "A room can’t have that name.";
};

/** A display name; empty for none. */
export const displayName: Rule = (value) => {
  if (value.trim() === "") return null;
  if (nameLength(value) > LIMITS.roomName) return atMost(LIMITS.roomName);
  if (hasControls(value)) return "Use characters that can be seen.";
  return canBeSeen(value) && fitsPath(value) ? null : "Use characters that can be seen.";
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
