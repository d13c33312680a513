import { formatDate, formatSpan, formatTime, relativeDay } from "../clock";
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

  #date(iso: string): string {
    return formatDate(iso, this.texts.locale, this.now());
  }
}
