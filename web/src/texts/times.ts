import { formatDate, formatDistance, formatSpan, formatTime, relativeDay } from "../clock";
import type { Texts } from "./messages";

/** Writes times in the language of the interface, in the time zone of the browser. */
export class Times {
  constructor(
    private readonly texts: Texts,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** A duration in words, such as "30 minutes". */
  span(seconds: number): string {
    return formatSpan(seconds, this.texts.locale);
  }

  time(iso: string): string {
    return formatTime(iso, this.texts.locale);
  }

  day(iso: string): string {
    const named = relativeDay(iso, this.now());
    return named ? this.texts.format(`time.${named}`) : this.#date(iso);
  }

  moment(iso: string): string {
    return this.texts.format("time.moment", { day: this.day(iso), time: this.time(iso) });
  }

  /** A moment as a part of a sentence. */
  momentWithin(iso: string): string {
    const named = relativeDay(iso, this.now());
    return named
      ? this.texts.format(`time.${named}At`, { time: this.time(iso) })
      : this.moment(iso);
  }

  /** When an event is, with its end where that is known, and how far away that is if it is soon. */
  event(startsAt: string, endsAt: string | null, within: boolean): string {
    const now = this.now();
    const named = relativeDay(startsAt, now);
    const time = this.time(startsAt);
    const day = named
      ? this.texts.format(`time.${named}`)
      : formatDate(startsAt, this.texts.locale, now, "short");
    const from =
      named && within
        ? this.texts.format(`time.${named}At`, { time })
        : this.texts.format("time.moment", { day, time });
    const moment = endsAt
      ? this.texts.format("time.until", { from, to: this.#end(startsAt, endsAt) })
      : from;
    const distance = formatDistance(startsAt, this.texts.locale, now);
    return distance ? this.texts.format("time.nearby", { moment, distance }) : moment;
  }

  /** Leaves out the day where it is that of the start. */
  #end(startsAt: string, endsAt: string): string {
    const isSameDay = new Date(startsAt).toDateString() === new Date(endsAt).toDateString();
    return isSameDay ? this.time(endsAt) : this.momentWithin(endsAt);
  }

  #date(iso: string): string {
    return formatDate(iso, this.texts.locale, this.now());
  }
}
