import { type ComponentType, useEffect, useSyncExternalStore } from "react";
import { Chunk } from "../../chunk";
import { shortened } from "../../length";
import { Store } from "../../store";
import { useFullscreenElement } from "./fullscreen";
import { useChunk } from "./use-chunk";

/** The most messages that wait to be shown; further ones are dropped. */
const MAX_WAITING = 10;
const MAX_LENGTH = 300;
export const SHOWN_MS = 6_000;

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

/** Where messages are shown. It is loaded for the first one; if it cannot be, they are shown without it. */
export function Toasts() {
  useFullscreenElement(); // which they move into, and out of
  const messages = useSyncExternalStore(waiting.subscribe, waiting.get);
  const { part, hasFailed } = useChunk(TOAST_REGION, messages.length > 0);
  const Shown = hasFailed ? PlainToasts : part;
  return Shown && <Shown messages={messages} onTaken={onTaken} />;
}

/** Says it without what could not be loaded: it may be that the server cannot be reached. */
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
