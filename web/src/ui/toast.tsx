import {
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { CloseAction } from "./button";

const queue = new ToastQueue<string>({ maxVisibleToasts: 3 });

export function toast(message: string): void {
  if (queue.visibleToasts.some(({ content }) => content === message)) return;
  queue.add(message, { timeout: 6000 });
}

export function Toasts() {
  return (
    <ToastRegion queue={queue} className="toasts" aria-label="Notifications">
      {({ toast }) => (
        <Toast toast={toast} className="toast">
          <ToastContent>{toast.content}</ToastContent>
          <CloseAction slot="close" label="Dismiss" />
        </Toast>
      )}
    </ToastRegion>
  );
}
