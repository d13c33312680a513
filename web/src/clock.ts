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
export function formatSpan(seconds: number): string {
  const count = (value: number, unit: string) => `${value} ${unit}${value === 1 ? "" : "s"}`;
  if (seconds >= 3600 && seconds % 3600 === 0) return count(seconds / 3600, "hour");
  if (seconds >= 60) return count(Math.round(seconds / 60), "minute");
  return count(seconds, "second");
}

export function formatTime(iso: string, locale?: string): string {
  return new Date(iso).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

export function formatDay(iso: string, now = new Date(), locale?: string): string {
  const date = new Date(iso);
  if (date.toDateString() === now.toDateString()) return "Today";
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === yesterday.toDateString()) return "Yesterday";
  const sameYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(locale, {
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}

export function formatMoment(iso: string, now = new Date(), locale?: string): string {
  return `${formatDay(iso, now, locale)}, ${formatTime(iso, locale)}`;
}
