/** When an event is, as the server tells it; the start is absent where it has no time. */
export interface EventTime {
  readonly starts_at?: string | null;
  readonly duration_minutes?: number | null;
}

const MINUTE_MS = 60_000;
/** The hours for which an event counts as being on where nobody has said how long it takes. */
const LONG_HOURS = 24;

export type Standing = "upcoming" | "on" | "over";

/** Null where it is not known. */
export function endOf({ starts_at, duration_minutes }: EventTime): string | null {
  if (!starts_at || !duration_minutes) return null;
  return new Date(Date.parse(starts_at) + duration_minutes * MINUTE_MS).toISOString();
}

/** Null for what has no time. */
export function standingOf(time: EventTime, now: number): Standing | null {
  if (!time.starts_at) return null;
  const start = Date.parse(time.starts_at);
  if (now < start) return "upcoming";
  const minutes = time.duration_minutes || LONG_HOURS * 60;
  return now < start + minutes * MINUTE_MS ? "on" : "over";
}

/**
 * Writes what a `datetime-local` field has in the browser's time zone as RFC 3339, with the offset of that day; null
 * where it is no time.
 */
export function zonedTime(local: string): string | null {
  const date = new Date(local);
  if (!/^20\d\d-\d\d-\d\dT\d\d:\d\d/.test(local) || Number.isNaN(date.getTime())) return null;
  const east = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60];
  return `${localTime(date)}:00${east < 0 ? "-" : "+"}${pad(hours)}:${pad(minutes)}`;
}

/** The value of a `datetime-local` field for a moment; minutes are as exact as it gets. */
export function localTime(moment: Date): string {
  const day = [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()].map(pad).join("-");
  return `${day}T${pad(moment.getHours())}:${pad(moment.getMinutes())}`;
}

/** The name of the browser's time zone as it is at a moment: summer time has its own. */
export function zoneName(moment: Date, locale: string): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "long" }).formatToParts(moment);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
}

const pad = (value: number) => String(value).padStart(2, "0");
