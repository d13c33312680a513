import { type FormEvent, useState } from "react";
import { Problem } from "../../problem";
import type { Rule } from "../../rules";
import type { Refused } from "../../texts/sentences";
import { useSentence, useTexts } from "./texts";

type Values<K extends string> = Record<K, string>;

/** Keeps the values of text fields, checks them by rules and shows the server's refusals at them. */
export function useFields<K extends string>(initial: Values<K>, rules: Partial<Record<K, Rule>>) {
  const t = useTexts();
  const sentence = useSentence();
  const [values, setValues] = useState(initial);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<Partial<Record<K, Refused>>>({});

  const broken = (key: K): string | null => rules[key]?.(values[key])?.(t) ?? null;
  const refusedAt = (key: K): string | null => {
    const found = refused[key];
    return found ? sentence(found) : null;
  };
  const keys = Object.keys(initial) as K[];

  return {
    values,
    set(key: K, value: string) {
      setValues((before) => ({ ...before, [key]: value }));
      setRefused((before) => ({ ...before, [key]: undefined }));
    },
    /** The props of a <Field>; an error shows once the field was left. */
    bind(key: K) {
      return {
        name: key,
        value: values[key],
        onChange: (value: string) => this.set(key, value),
        onBlur: () => values[key] && setTouched((before) => new Set(before).add(key)),
        error: refusedAt(key) ?? (touched.has(key) ? broken(key) : null),
      };
    },
    valid(): boolean {
      setTouched(new Set(keys));
      return keys.every((key) => broken(key) === null);
    },
    /** Shows a problem at the fields that it names; returns it where it names none, to be shown for the whole form. */
    refuse(problem: Problem, names: Partial<Record<string, K>> = {}): Problem | null {
      const atFields: Partial<Record<K, Refused>> = {};
      for (const { field, code, message } of problem.errors) {
        const last = field.split(".").at(-1) ?? field;
        const key = names[last] ?? (keys.includes(last as K) ? (last as K) : undefined);
        if (key) atFields[key] = { code: code ?? "", message };
      }
      setRefused(atFields);
      return Object.keys(atFields).length > 0 ? null : problem;
    },
  };
}

/** Runs one task at a time and keeps its problem. */
export function useTask() {
  const [pending, setPending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  return {
    pending,
    problem,
    setProblem,
    async run(work: () => Promise<void>, refuse?: (problem: Problem) => Problem | null) {
      if (pending) return;
      setPending(true);
      setProblem(null);
      try {
        await work();
      } catch (error) {
        const shown = Problem.of(error);
        if (shown.code === "unexpected") console.error(error);
        setProblem(refuse ? refuse(shown) : shown);
      } finally {
        setPending(false);
      }
    },
  };
}

export type Task = ReturnType<typeof useTask>;

export function submitting(work: () => void) {
  return (event: FormEvent) => {
    event.preventDefault();
    work();
  };
}
