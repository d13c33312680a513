import { useTexts, useTimes } from "../kit/texts";
import { type EventTime, endOf, standingOf } from "./event-times";
import { useNow } from "./services";

const MINUTE_MS = 60_000;
const SENTENCES = { upcoming: "time.starts", on: "time.started", over: "time.over" } as const;

/** Says when an event starts or has started, anew each minute; nothing where it has no time. */
export function EventTimeLine({ time }: { time: EventTime }) {
  const t = useTexts();
  const times = useTimes();
  const standing = standingOf(time, useNow(MINUTE_MS));
  if (!standing || !time.starts_at) return null;
  const moment = times.event(time.starts_at, endOf(time), true);
  return (
    <time className="small" dateTime={time.starts_at}>
      {t(SENTENCES[standing], { moment })}
    </time>
  );
}
