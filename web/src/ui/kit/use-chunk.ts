import { useCallback, useEffect, useState } from "react";
import type { Chunk } from "../../chunk";

interface NeededChunk<T> {
  /** Null until it is here. */
  readonly part: T | null;
  readonly hasFailed: boolean;
  retry(): void;
}

/**
 * Loads a chunk once it is needed. Where that has failed, it is loaded again by `retry`, or when it is needed the next
 * time.
 */
export function useChunk<T>(chunk: Chunk<T>, isNeeded = true): NeededChunk<T> {
  const [settled, setSettled] = useState<{ chunk: Chunk<T>; hasFailed: boolean } | null>(null);
  const part = chunk.loaded;
  const hasFailed = part === null && settled?.chunk === chunk && settled.hasFailed;
  const isAwaited = isNeeded && part === null && !hasFailed;
  useEffect(() => {
    if (!isAwaited) return;
    let isOver = false;
    const settle = (failed: boolean) => {
      if (!isOver) setSettled({ chunk, hasFailed: failed });
    };
    chunk.load().then(
      () => settle(false),
      (error: unknown) => {
        console.warn("A part of the client", error);
        settle(true);
      },
    );
    return () => {
      isOver = true;
    };
  }, [chunk, isAwaited]);
  const retry = useCallback(() => setSettled(null), []);
  useEffect(() => {
    if (!isNeeded) retry();
  }, [isNeeded, retry]);
  return { part, hasFailed, retry };
}
