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

/** Names the days that have a name; others are dates. */
export function relativeDay(iso: string, now = new Date()): "today" | "yesterday" | null {
  const day = new Date(iso).toDateString();
  if (day === now.toDateString()) return "today";
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return day === yesterday.toDateString() ? "yesterday" : null;
}

export function formatDate(iso: string, locale: string, now = new Date()): string {
  const date = new Date(iso);
  const sameYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(locale, {
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}
