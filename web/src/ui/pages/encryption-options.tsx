import { useState } from "react";
import type { RoomEntry } from "../../wire.gen";
import { useServerConfig } from "../app/services";
import { Options } from "../kit/field";
import { useTexts } from "../kit/texts";

export type RoomEncryption = "auto" | NonNullable<RoomEntry["encryption"]>;

interface Props {
  value: RoomEncryption;
  onChange(value: RoomEncryption): void;
}

/** Whether a room's calls are encrypted end to end through the SFU. Where the server has none, there is nothing to
 * choose, unless the room was set: a mesh is encrypted from browser to browser in any case. */
export function EncryptionOptions({ value, onChange }: Props) {
  const t = useTexts();
  const hasSfu = useServerConfig()?.sfu === true;
  const [wasSet] = useState(value !== "auto");
  if (!hasSfu && !wasSet) return null;
  return (
    <Options
      label={t("newRoom.encryption")}
      value={value}
      onChange={onChange}
      options={[
        {
          value: "auto",
          label: t("newRoom.encryptionAuto"),
          hint: t("newRoom.encryptionAutoHint"),
        },
        { value: "on", label: t("newRoom.encryptionOn"), hint: t("newRoom.encryptionOnHint") },
        { value: "off", label: t("newRoom.encryptionOff"), hint: t("newRoom.encryptionOffHint") },
      ]}
    />
  );
}
