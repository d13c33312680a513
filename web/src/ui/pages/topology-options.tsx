import { useState } from "react";
import type { RoomEntry } from "../../wire.gen";
import { useServerConfig } from "../app/services";
import { Options } from "../kit/field";
import { useTexts } from "../kit/texts";

export type RoomTopology = "auto" | NonNullable<RoomEntry["topology"]>;

interface Props {
  value: RoomTopology;
  onChange(value: RoomTopology): void;
}

/** Which way media of a room's calls take. Where the server has no SFU, there is nothing to choose, unless a
 * room asks for the SFU that the server had: then it is said that this room's calls do without. */
export function TopologyOptions({ value, onChange }: Props) {
  const t = useTexts();
  const hasSfu = useServerConfig()?.sfu === true;
  const [wantedSfu] = useState(value === "sfu");
  if (!hasSfu && !wantedSfu) return null;
  return (
    <Options
      label={t("newRoom.topology")}
      {...(!hasSfu && { hint: t("newRoom.noSfu") })}
      value={value}
      onChange={onChange}
      options={[
        {
          value: "auto",
          label: t("newRoom.topologyAuto"),
          hint: t("newRoom.topologyAutoHint"),
        },
        {
          value: "mesh",
          label: t("newRoom.topologyMesh"),
          hint: t("newRoom.topologyMeshHint"),
        },
        {
          value: "sfu",
          label: t("newRoom.topologySfu"),
          hint: t("newRoom.topologySfuHint"),
          isDisabled: !hasSfu,
        },
      ]}
    />
  );
}
