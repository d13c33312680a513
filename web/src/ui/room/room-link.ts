import { withBasePath } from "../../base-path";
import { roomPath } from "../app/destination";
import { toast } from "../kit/toast";
import type { TranslateCall } from "./texts";

export async function copyRoomLink(t: TranslateCall, name: string): Promise<void> {
  const link = location.origin + withBasePath(roomPath(name));
  try {
    await navigator.clipboard.writeText(link);
    toast(t("call.bar.linkCopied"));
  } catch {
    // Copying is not allowed, or the page is on plain http: the link is shown to be copied by hand.
    toast(link);
  }
}
