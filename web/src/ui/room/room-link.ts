import { withBasePath } from "../../base-path";
import { roomPath } from "../app/destination";
import { toast } from "../kit/toast";

export async function copyRoomLink(name: string): Promise<void> {
  const link = location.origin + withBasePath(roomPath(name));
  try {
    await navigator.clipboard.writeText(link);
    toast("Link copied");
  } catch {
    // Copying is not allowed, or the page is on plain http: the link is shown to be copied by hand.
    toast(link);
  }
}
