import { withBasePath } from "../../base-path";
import { roomPath } from "../app/destination";
import { copied } from "../kit/clipboard";
import { toast } from "../kit/toast";
import type { RoomFacts } from "./admission";
import { ENCRYPTION_MARK } from "./encryption-mark";
import type { TranslateCall } from "./texts";

export async function copyRoomLink(
  t: TranslateCall,
  { name, mustEncrypt }: Pick<RoomFacts, "name" | "mustEncrypt">,
): Promise<void> {
  const mark = mustEncrypt ? ENCRYPTION_MARK : "";
  const link = location.origin + withBasePath(roomPath(name)) + mark;
  // Where it cannot be copied, it is shown to be copied by hand.
  toast((await copied(link)) ? t("call.bar.linkCopied") : link);
}
