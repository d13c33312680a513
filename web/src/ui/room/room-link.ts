import { withBasePath } from "../../base-path";
import { roomPath } from "../app/destination";
import { copied } from "../kit/clipboard";
import { toast } from "../kit/toast";
import type { TranslateCall } from "./texts";

export async function copyRoomLink(t: TranslateCall, name: string): Promise<void> {
  const link = location.origin + withBasePath(roomPath(name));
  // Where it cannot be copied, it is shown to be copied by hand.
  toast((await copied(link)) ? t("call.bar.linkCopied") : link);
}
