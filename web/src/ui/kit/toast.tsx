import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { shortened } from "../../length";
import { CloseAction } from "./button";
import { useFullscreenElement } from "./fullscreen";
import { useTexts } from "./texts";

const queue = new ToastQueue<string>({ maxVisibleToasts: 3 });

/** The most toasts shown and waiting; further ones are dropped. */
const MAX_TOASTS = 10;
const MAX_LENGTH = 300;
let open = 0;

export function toast(message: string): void {
  const content = shortened(message, MAX_LENGTH);
  if (open >= MAX_TOASTS || queue.visibleToasts.some((toast) => toast.content === content)) return;
  open += 1;
  const onClose = () => {
    open -= 1;
  };
  queue.add(content, { timeout: 6000, onClose });
}

export function Toasts() {
  const t = useTexts();
  useFullscreenElement(); // which they move into, and out of
  return (
    <ToastRegion queue={queue} className="toasts" aria-label={t("app.notifications")}>
      {({ toast }) => (
        <Toast toast={toast} className="toast">
          <ToastContent>
            <Text slot="title">{toast.content}</Text>
          </ToastContent>
          <CloseAction slot="close" label={t("app.dismiss")} />
        </Toast>
      )}
    </ToastRegion>
  );
}
