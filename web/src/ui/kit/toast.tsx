import { type ComponentType, useEffect, useState, useSyncExternalStore } from "react";
import { Chunk } from "../../chunk";
import { shortened } from "../../length";
import { Store } from "../../store";
import { useFullscreenElement } from "./fullscreen";
import { useChunk } from "./use-chunk";

/** The most messages that wait to be shown; further ones are dropped. */
const MAX_WAITING = 10;
const MAX_LENGTH = 300;
export const SHOWN_MS = 6_000;
/** After this long, a message waits no more for what shows it. */
const LATE_MS = 1_000;

/** Shows messages, and tells when it has taken them. */
export interface ToastRegionProps {
  messages: readonly string[];
  onTaken(): void;
}

type Region = ComponentType<ToastRegionProps>;

export const TOAST_REGION = new Chunk<Region>(() =>
  import("./toast-region").then((file) => file.ToastRegion),
);
const NONE: readonly string[] = [];
const waiting = new Store(NONE);

/** Shows a message for a while. */
export function toast(message: string): void {
  const content = shortened(message, MAX_LENGTH);
  const messages = waiting.get();
  if (messages.length >= MAX_WAITING || messages.includes(content)) return;
  waiting.set([...messages, content]);
}

const onTaken = () => waiting.set(NONE);

/** Where messages are shown. It is loaded for the first one; until it is here, they are shown without it. */
export function Toasts() {
  useFullscreenElement(); // which they move into, and out of
  const messages = useSyncExternalStore(waiting.subscribe, waiting.get);
  const isNeeded = messages.length > 0;
  const { part, hasFailed } = useChunk(TOAST_REGION, isNeeded);
  const isLate = useIsLate(isNeeded && part === null);
  const Shown = hasFailed || isLate ? PlainToasts : part;
  return Shown && <Shown messages={messages} onTaken={onTaken} />;
}

/** Whether something is awaited for longer than one would not notice. */
function useIsLate(isAwaited: boolean): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isAwaited) return;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [isAwaited]);
  return isAwaited && isLate;
}

/** Says it without what is not loaded: it may be that the server is silent, or cannot be reached. */
function PlainToasts({ messages, onTaken }: ToastRegionProps) {
  useEffect(() => {
    if (messages.length === 0) return;
    const timer = setTimeout(onTaken, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [messages, onTaken]);
  return (
    <div className="toasts">
      {messages.map((message) => (
        <div key={message} className="toast" role="alert">
          <span>{message}</span>
        </div>
      ))}
    </div>
  );
}
