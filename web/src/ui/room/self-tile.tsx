import { type KeyboardEvent, memo, useRef } from "react";
import type { Standing } from "../../call/health/mark";
import type { LocalMedia } from "../../call/media";
import type { OwnVoice } from "../../call/own-voice";
import { useStore } from "../app/services";
import { EyeOffIcon, MoveIcon } from "../kit/icons";
import { type Corner, cornerTowards, type Direction, nextCorner } from "./own-corner";
import { useCallTexts } from "./texts";
import { TileFace, TileFrame, TileName, type TilePlace } from "./tile";
import { TileAction, TileActions } from "./tile-actions";
import { useCornerDrag } from "./use-corner-drag";
import { Video } from "./video";
import { isRightToLeft } from "./writing";

interface SelfTileProps {
  media: LocalMedia;
  voice: OwnVoice;
  name: string;
  peerID: string;
  place: TilePlace;
  standing: Standing | null;
  /** Where it floats; null where it stands among the others. */
  corner: Corner | null;
  onCorner(corner: Corner): void;
  onHide(): void;
}

/** The camera, or the face, of the person at this browser. */
export const SelfTile = memo((props: SelfTileProps) => {
  const { media, voice, name, peerID, place, standing, corner, onCorner, onHide } = props;
  const t = useCallTexts();
  const { preview, microphone, screen } = useStore(media.view);
  const frame = useRef<HTMLDivElement>(null);
  useCornerDrag(frame, corner === null ? null : onCorner);
  const label = t("app.self", { name });
  return (
    <TileFrame
      frame={frame}
      name={label}
      participant={peerID}
      place={place}
      className={corner === null ? "self" : "self floating"}
      isSpeaking={useStore(voice.isAudible)}
    >
      {preview ? (
        <Video stream={preview} label={t("call.tile.video", { name: label })} muted mirrored />
      ) : (
        <TileFace name={name} />
      )}
      <TileName name={label} isMuted={!microphone.on} sharesScreen={screen} standing={standing} />
      <TileActions>
        {corner !== null && (
          <TileAction
            label={t("call.tile.moveOwn")}
            icon={<MoveIcon size={18} />}
            onPress={() => onCorner(nextCorner(corner))}
            onKey={(event) => {
              const direction = directionOf(event);
              if (!direction) return;
              event.preventDefault();
              onCorner(cornerTowards(corner, direction));
            }}
          />
        )}
        <TileAction
          label={t("call.tile.hideOwn")}
          icon={<EyeOffIcon size={18} />}
          onPress={onHide}
        />
      </TileActions>
    </TileFrame>
  );
});

function directionOf({ key, currentTarget }: KeyboardEvent): Direction | null {
  const [left, right] = isRightToLeft(currentTarget)
    ? (["end", "start"] as const)
    : (["start", "end"] as const);
  const directions: Record<string, Direction> = {
    ArrowUp: "top",
    ArrowDown: "bottom",
    ArrowLeft: left,
    ArrowRight: right,
  };
  return directions[key] ?? null;
}
