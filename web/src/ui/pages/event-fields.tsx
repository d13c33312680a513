import type { Rule } from "../../rules";
import { LIMITS } from "../../wire.gen";
import { type EventTime, localTime, zonedTime, zoneName } from "../app/event-times";
import { Field, type FieldProps } from "../kit/field";
import { useShownTexts, useTexts } from "../kit/texts";

export interface EventFieldValues {
  readonly startsAt: string;
  readonly minutes: string;
}

export function eventFieldValues({ starts_at, duration_minutes }: EventTime): EventFieldValues {
  return {
    startsAt: starts_at ? localTime(new Date(starts_at)) : "",
    minutes: duration_minutes ? String(duration_minutes) : "",
  };
}

/** The time that the fields have, as the server takes it; null for none. */
export function eventTime({ startsAt, minutes }: EventFieldValues): EventTime {
  const starts_at = zonedTime(startsAt);
  return { starts_at, duration_minutes: starts_at && minutes.trim() ? Number(minutes) : null };
}

/** A start that is stored may have passed; one that is chosen may not. */
export function startRule(stored = ""): Rule {
  return (value) => {
    if (value === "" || value === stored) return null;
    const chosen = zonedTime(value);
    if (!chosen) return (t) => t("event.notATime");
    return Date.parse(chosen) > Date.now() ? null : (t) => t("event.passed");
  };
}

export const minutesRule: Rule = (value) => {
  const minutes = value.trim();
  const isGood = /^[0-9]{1,5}$/.test(minutes) && +minutes >= 1 && +minutes <= LIMITS.eventMinutes;
  return minutes === "" || isGood ? null : (t) => t("event.minutes", { most: LIMITS.eventMinutes });
};

type Bound = Omit<FieldProps, "label">;

/** The fields for when an event takes place. */
export function EventFields({ start, minutes }: { start: Bound; minutes: Bound }) {
  const t = useTexts();
  const { locale } = useShownTexts();
  const chosen = zonedTime(start.value);
  const zone = zoneName(chosen ? new Date(chosen) : new Date(), locale);
  return (
    <>
      <Field
        {...start}
        type="datetime-local"
        label={t("event.start")}
        hint={t("event.zone", { zone })}
      />
      {start.value !== "" && (
        <Field {...minutes} label={t("event.duration")} inputMode="numeric" autoComplete="off" />
      )}
    </>
  );
}
