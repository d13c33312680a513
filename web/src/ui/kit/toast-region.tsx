import { useEffect } from "react";
import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as Toasts,
} from "react-aria-components";
import { CloseAction } from "./button";
import { useTexts } from "./texts";
import { SHOWN_MS, type ToastRegionProps } from "./toast";

const queue = new ToastQueue<string>({ maxVisibleToasts: 3 });

/** The most toasts shown and waiting; further ones are dropped. */
const MAX_TOASTS = 10;
let open = 0;

function add(content: string): void {
  if (open >= MAX_TOASTS || queue.visibleToasts.some((toast) => toast.content === content)) return;
  open += 1;
  const onClose = () => {
    open -= 1;
  };
  queue.add(content, { timeout: SHOWN_MS, onClose });
}

export function ToastRegion({ messages, onTaken }: ToastRegionProps) {
  const t = useTexts();
  useEffect(() => {
    if (messages.length === 0) return;
    for (const message of messages) add(message);
    onTaken();
  }, [messages, onTaken]);
  return (
    <Toasts queue={queue} className="toasts" aria-label={t("app.notifications")}>
      {({ toast }) => (
        <Toast toast={toast} className="toast">
          <ToastContent>
            <Text slot="title">{toast.content}</Text>
          </ToastContent>
          <CloseAction slot="close" label={t("app.dismiss")} />
        </Toast>
      )}
    </Toasts>
  );
}
