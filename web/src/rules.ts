import { addressEntries } from "./address-list";
import { canBeSeen, fitsPath, MAX_NAME_LENGTH, nameLength } from "./names";

/** What the server takes, told before it is asked. Each rule gives the sentence to show, or null. */
export type Rule = (value: string) => string | null;

const USERNAME = /^[A-Za-z_][A-Za-z0-9_-]{3,23}$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)*$/;

export const MAX_CHAT_LENGTH = 4000;

export const required =
  (what: string): Rule =>
  (value) =>
    value.trim() ? null : `Enter ${what}.`;

export const email: Rule = (value) =>
  EMAIL.test(value.trim()) ? null : "Enter an email address, such as ann@example.org.";

export const username: Rule = (value) => {
  if (USERNAME.test(value)) return null;
  if (value.length < 4 || value.length > 24) return "Use 4 to 24 characters.";
  if (!/^[A-Za-z_]/.test(value)) return "Start with a letter or _.";
  return "Use letters, digits, - and _ only.";
};

export const password: Rule = (value) =>
  value.length >= 8 && value.length <= 128 ? null : "Use 8 to 128 characters.";

export const roomName: Rule = (value) => {
  const length = nameLength(value);
  if (length < 1 || length > MAX_NAME_LENGTH) return `Use 1 to ${MAX_NAME_LENGTH} characters.`;
  if (!canBeSeen(value)) return "Use characters that can be seen.";
  return fitsPath(value) ? null : "A room can’t be called that.";
};

/** Splits what was typed or pasted into addresses and the rest. */
export function splitEmails(text: string): { emails: string[]; others: string[] } {
  const emails: string[] = [];
  const others: string[] = [];
  for (const entry of addressEntries(text)) {
    if (email(entry.address) === null) emails.push(entry.address);
    else others.push(entry.text);
  }
  return { emails, others };
}
