import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { Call } from "../../call/call";
import { useStore } from "../app/services";
import {
  CameraIcon,
  CameraOffIcon,
  LeaveIcon,
  MicrophoneIcon,
  MicrophoneOffIcon,
} from "../kit/icons";
import { rememberChoice } from "./device-choice";
import { layOutSmall } from "./small-layout";
import type { Place, Tiles } from "./stage-layout";
import { type StageTile, tileKey } from "./stage-tiles";
import { useCallTexts } from "./texts";
import { TileFace, TileFrame, TileName, useStream } from "./tile";
import type { Size } from "./tile-grid";
import { Video } from "./video";

export interface SmallCallProps {
  call: Call;
  window: Window;
  tiles: readonly StageTile[];
  layout: Tiles;
  /** Index of the tile that is looked at. */
  focus: number;
  /** Name of the person at this browser. */
  name: string;
  peerID: string;
}

/** The height of the buttons below the tiles. */
const CONTROLS_HEIGHT = 60;

/** The call in a small window. It is silent: the voices are played by the tiles of the page. */
export function SmallCall(props: SmallCallProps) {
  const { call, window, tiles, layout, focus, name, peerID } = props;
  const t = useCallTexts();
  const space = useSpace(window);
  const places = layOutSmall(space, layout, focus);
  return (
    <div className="small-call">
      <main className="small-stage" aria-label={t("call.stage.region")}>
        {tiles.map((tile, at) => {
          const place = places[at];
          if (!place) return null;
          return <SmallTile key={tileKey(tile)} {...{ call, tile, place, name, peerID }} />;
        })}
      </main>
      <SmallControls call={call} />
    </div>
  );
}

function useSpace(window: Window): Size {
  const subscribe = useCallback(
    (changed: () => void) => {
      window.addEventListener("resize", changed);
      return () => window.removeEventListener("resize", changed);
    },
    [window],
  );
  const width = useSyncExternalStore(subscribe, () => window.innerWidth);
  const height = useSyncExternalStore(subscribe, () => window.innerHeight);
  return useMemo(() => ({ width, height: Math.max(height - CONTROLS_HEIGHT, 1) }), [width, height]);
}

interface SmallTileProps {
  call: Call;
  tile: StageTile;
  place: Place;
  name: string;
  peerID: string;
}

function SmallTile({ call, tile, place, name, peerID }: SmallTileProps) {
  if (tile.kind === "self") return <SmallSelf {...{ call, place, name, peerID }} />;
  if (tile.kind === "own-screen") return <SmallOwnScreen {...{ call, place, peerID }} />;
  return <SmallOther {...{ call, tile, place }} />;
}

interface SmallOtherProps {
  call: Call;
  tile: Extract<StageTile, { participant: unknown }>;
  place: Place;
}

function SmallOther({ call, tile, place }: SmallOtherProps) {
  const t = useCallTexts();
  const { participant, kind } = tile;
  const { id, username, tracks, speaking } = participant;
  const source = kind === "screen" ? "screen" : "camera";
  const { track, on, paused, flowing } = tracks[source];
  const name = participant.displayName ?? username;
  const stream = useStream(track);
  const openView = useCallback(() => call.views.open(id, source), [call, id, source]);
  const isScreen = kind === "screen";
  const title = isScreen ? t("call.tile.theirScreen", { name }) : name;
  const label = isScreen ? t("call.tile.sharedScreen", { name }) : t("call.tile.video", { name });
  const showsPicture = track !== null && !paused && (on ?? flowing);
  return (
    <TileFrame name={title} participant={id} place={place} isSpeaking={speaking && !isScreen}>
      {stream && <Video {...{ stream, label, openView }} muted whole={isScreen} />}
      {!showsPicture && <TileFace name={name} />}
      <TileName name={title} isMuted={!isScreen && tracks.microphone.on === false} />
    </TileFrame>
  );
}

function SmallSelf({ call, place, name, peerID }: Omit<SmallTileProps, "tile">) {
  const t = useCallTexts();
  const { preview, microphone } = useStore(call.media.view);
  const label = t("app.self", { name });
  return (
    <TileFrame
      name={label}
      participant={peerID}
      place={place}
      className="self"
      isSpeaking={useStore(call.voice.isAudible)}
    >
      {preview ? (
        <Video stream={preview} label={t("call.tile.video", { name: label })} muted mirrored />
      ) : (
        <TileFace name={name} />
      )}
      <TileName name={label} isMuted={!microphone.on} />
    </TileFrame>
  );
}

function SmallOwnScreen({ call, place, peerID }: Omit<SmallTileProps, "tile" | "name">) {
  const t = useCallTexts();
  const { screenPreview } = useStore(call.media.view);
  return (
    <TileFrame name={t("call.tile.ownScreen")} participant={peerID} place={place}>
      {screenPreview && (
        <Video stream={screenPreview} label={t("call.tile.ownSharedScreen")} muted whole />
      )}
      <TileName name={t("call.tile.ownScreen")} />
    </TileFrame>
  );
}

function SmallControls({ call }: { call: Call }) {
  const t = useCallTexts();
  const { media } = call;
  const { microphone, camera } = useStore(media.view);
  const toggleMicrophone = () => {
    rememberChoice("microphone", !microphone.on);
    void media.setMicrophone(!microphone.on);
  };
  const toggleCamera = () => {
    rememberChoice("camera", !camera.on);
    void media.setCamera(!camera.on);
  };
  const microphoneLabel = microphone.on
    ? t("call.device.turnOffMicrophone")
    : t("call.device.turnOnMicrophone");
  const cameraLabel = camera.on ? t("call.device.turnOffCamera") : t("call.device.turnOnCamera");
  const leaveLabel = t("call.controls.leave");
  return (
    <div className="small-controls" role="toolbar" aria-label={t("call.controls.region")}>
      <button
        type="button"
        className={`control ${microphone.on ? "" : "is-off"}`}
        aria-label={microphoneLabel}
        title={microphoneLabel}
        onClick={toggleMicrophone}
      >
        {microphone.on ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
      </button>
      <button
        type="button"
        className={`control ${camera.on ? "" : "is-off"}`}
        aria-label={cameraLabel}
        title={cameraLabel}
        onClick={toggleCamera}
      >
        {camera.on ? <CameraIcon /> : <CameraOffIcon />}
      </button>
      <button
        type="button"
        className="control leave"
        aria-label={leaveLabel}
        title={leaveLabel}
        onClick={() => call.leave()}
      >
        <LeaveIcon size={22} />
      </button>
    </div>
  );
}
