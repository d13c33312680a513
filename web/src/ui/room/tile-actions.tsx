import type { KeyboardEvent, ReactNode } from "react";
import { PinIcon } from "../kit/icons";
import { type StageTile, tileKey } from "./stage-tiles";
import { useCallTexts } from "./texts";

interface TileActionsProps {
  /** Whether they are seen without pointer or focus on the tile. */
  stay?: boolean;
  children: ReactNode;
}

/** The buttons of a tile, which stand over its picture. */
export function TileActions({ stay = false, children }: TileActionsProps) {
  return <div className={`tile-actions ${stay ? "stay" : ""}`}>{children}</div>;
}

interface TileActionProps {
  label: string;
  icon: ReactNode;
  isPressed?: boolean;
  onPress(): void;
  onKey?(event: KeyboardEvent): void;
}

/** A button without the cost of a component of React Aria: each tile has some. */
export function TileAction({ label, icon, isPressed, onPress, onKey }: TileActionProps) {
  return (
    <button
      type="button"
      className="button icon-only tile-action"
      aria-label={label}
      aria-pressed={isPressed}
      title={label}
      onClick={onPress}
      onKeyDown={onKey}
    >
      {icon}
    </button>
  );
}

interface PinActionProps {
  /** Names what is pinned. */
  name: string;
  tile: StageTile;
  isPinned: boolean;
  onPin(key: string): void;
}

/** Keeps a tile in the large place. */
export function PinAction({ name, tile, isPinned, onPin }: PinActionProps) {
  const t = useCallTexts();
  return (
    <TileAction
      label={t("call.tile.pin", { name })}
      icon={<PinIcon size={18} />}
      isPressed={isPinned}
      onPress={() => onPin(tileKey(tile))}
    />
  );
}
