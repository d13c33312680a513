/** Formats a duration as a clock does: 65 s is "1:05", 3,661 s is "1:01:01". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = pad(seconds % 60);
  return hours > 0 ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** Formats a duration in words: 3,600 s is "1 hour", 1,800 s is "30 minutes". */
export function formatSpan(seconds: number, locale: string): string {
  const count = (value: number, unit: string) =>
    new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value);
  if (seconds >= 3600 && seconds % 3600 === 0) return count(seconds / 3600, "hour");
  if (seconds >= 60) return count(Math.round(seconds / 60), "minute");
  return count(seconds, "second");
}

export function formatTime(iso: string, locale: string): string {
  return new Date(iso).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

const NAMED_DAYS = { yesterday: -1, today: 0, tomorrow: 1 };
export type NamedDay = keyof typeof NAMED_DAYS;

/** Names the days that have a name; others are dates. */
export function relativeDay(iso: string, now = new Date()): NamedDay | null {
  const day = new Date(iso).toDateString();
  for (const [name, distance] of Object.entries(NAMED_DAYS)) {
    const named = new Date(now.getFullYear(), now.getMonth(), now.getDate() + distance);
    if (day === named.toDateString()) return name as NamedDay;
  }
  return null;
}

const HOUR_MS = 3_600_000;

/** Says how far away a moment is, such as "in 20 minutes"; null for more than half a day. */
export function formatDistance(iso: string, locale: string, now = new Date()): string | null {
  const ms = Date.parse(iso) - now.getTime();
  if (Math.abs(ms) > 12 * HOUR_MS) return null;
  const relative = new Intl.RelativeTimeFormat(locale);
  const minutes = Math.round(ms / 60_000);
  return Math.abs(minutes) < 60
    ? relative.format(minutes, "minute")
    : relative.format(Math.round(ms / HOUR_MS), "hour");
}

export function formatDate(
  iso: string,
  locale: string,
  now = new Date(),
  weekday?: "long" | "short",
): string {
  const date = new Date(iso);
  const sameYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(locale, {
    day: "numeric",
    month: "long",
    ...(weekday && { weekday }),
    ...(sameYear ? {} : { year: "numeric" }),
  });
}
