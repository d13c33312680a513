import type { Call } from "../../call/call";
import { useStore } from "../app/services";
import { Notice } from "../kit/notice";
import { useCallTexts } from "./texts";

/** Says why this browser does not go to the SFU as the server says, for as long as it does not. */
export function EncryptionNotice({ call }: { call: Call }) {
  const t = useCallTexts();
  const { refusal } = useStore(call.encryption);
  if (refusal === null) return null;
  return (
    <div className="call-notice">
      <Notice tone={refusal === "unencrypted" ? "danger" : "warning"}>
        {t(`call.encryption.${refusal}`)}
      </Notice>
    </div>
  );
}
