import { useId } from "react";
import { useCallTexts } from "./texts";

interface DevicePickerProps {
  label: string;
  choices: readonly MediaDeviceInfo[];
  chosen: string | null;
  onChoose(deviceId: string): void;
  /** Stands in the place of choices where there are none. */
  otherwise?: string;
}

/** The system's own list: on a phone it is the one that fingers know. */
export function DevicePicker({ label, choices, chosen, onChoose, otherwise }: DevicePickerProps) {
  const t = useCallTexts();
  const id = useId();
  if (choices.length === 0) {
    return (
      <div className="field">
        <span className="field-label">{label}</span>
        {otherwise && <span className="soft">{otherwise}</span>}
      </div>
    );
  }
  const known = choices.some(({ deviceId }) => deviceId === chosen);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={known && chosen ? chosen : (choices[0]?.deviceId ?? "")}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {choices.map(({ deviceId, label: name }, index) => (
          <option key={deviceId} value={deviceId}>
            {name || t("call.device.unnamed", { number: String(index + 1) })}
          </option>
        ))}
      </select>
    </div>
  );
}
