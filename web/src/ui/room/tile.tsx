import {
  type CSSProperties,
  memo,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Standing } from "../../call/health/mark";
import type { LocalMedia } from "../../call/media";
import type { View, Views } from "../../call/quality/views";
import {
  type MediaHealth,
  type Participant,
  type RemoteScreen,
  SCREENS,
  type ScreenSource,
  type Unreachable,
} from "../../call/topology";
import { useStore } from "../app/services";
import { Avatar } from "../kit/avatar";
import { AlertIcon, CloseIcon, MicrophoneOffIcon, RecordIcon, ScreenIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { fullName } from "../kit/person-name";
import { CheckLink } from "./check-link";
import { FullscreenAction } from "./fullscreen-action";
import { TileGestures } from "./gestures/tile-gestures";
import { HealthMark } from "./health/health-mark";
import { noWayWords } from "./no-way-words";
import type { Place } from "./stage-layout";
import { useCallTexts } from "./texts";
import { PinAction, TileAction, TileActions } from "./tile-actions";
import { Video } from "./video";
import { useVolumeOf } from "./volumes";
import { pixelsOf } from "./watch-size";

/** Undefined until the stage is measured; null where the tile is on another page, and heard alone. */
export type TilePlace = Place | null | undefined;

interface FrameProps {
  /** Names the tile as a whole. */
  name: string;
  participant: string;
  place: TilePlace;
  className?: string;
  isSpeaking?: boolean;
  frame?: RefObject<HTMLDivElement | null>;
  children: ReactNode;
}

export function TileFrame({ name, participant, place, isSpeaking, ...props }: FrameProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={props.frame}
      role="group"
      aria-label={name}
      data-peer={participant}
      data-speaking={isSpeaking || undefined}
      className={`tile ${props.className ?? ""}`}
      style={fromStart(place)}
      hidden={place === null}
      // Whoever taps a tile gets its buttons.
      tabIndex={-1}
    >
      {props.children}
    </div>
  );
}

/** The line of writing decides at which side the tiles begin. */
export function fromStart(place: TilePlace): CSSProperties | undefined {
  if (!place) return undefined;
  const { left, ...rest } = place;
  return { ...rest, insetInlineStart: left };
}

interface TileNameProps {
  name: string;
  username?: string;
  isMuted?: boolean;
  sharesScreen?: boolean;
  records?: boolean | undefined;
  standing?: Standing | null;
}

export function TileName({ name, username, standing = null, ...marks }: TileNameProps) {
  const t = useCallTexts();
  return (
    <div className="tile-name">
      <HealthMark standing={standing} />
      {marks.records && (
        <span className="tile-mark recording" role="img" aria-label={t("call.recording.person")}>
          <RecordIcon size={15} />
        </span>
      )}
      {marks.isMuted && (
        <span className="tile-muted" role="img" aria-label={t("call.people.microphoneOff")}>
          <MicrophoneOffIcon size={15} />
        </span>
      )}
      {marks.sharesScreen && (
        <span className="tile-mark" role="img" aria-label={t("call.people.sharesScreen")}>
          <ScreenIcon size={15} />
        </span>
      )}
      <span title={username}>
        <Isolated>{name}</Isolated>
      </span>
    </div>
  );
}

/** Stands over the picture: where there is none, and also where an element must go on playing sound. */
export function TileFace({ name }: { name: string }) {
  return (
    <div className="tile-face">
      <Avatar name={name} size={88} />
    </div>
  );
}

function TileState({ text }: { text: string }) {
  return (
    <div className="tile-state" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{text}</span>
    </div>
  );
}

function TileNote({ text }: { text: string }) {
  return (
    <div className="tile-state" role="status">
      <span>{text}</span>
    </div>
  );
}

/** Explains why nobody is seen: a person who waits cannot know that nobody in the room is at fault. */
function NoWay({ to, unreachable }: { to: string; unreachable: Unreachable }) {
  const t = useCallTexts();
  return (
    <div className="tile-no-way" role="status">
      <strong>{t("call.tile.noWay", { name: to })}</strong>
      <span>{noWayWords(t, unreachable)}</span>
      <span>{t("call.tile.noWayHint")}</span>
      <CheckLink />
    </div>
  );
}

/** Most connections stand within this time, so that their spinners would only flash up. */
const CONNECTING_AFTER_MS = 1_000;

/** Says what a connection that does not stand is waited for. */
function ConnectionState({ connection }: Pick<MediaHealth, "connection">) {
  const t = useCallTexts();
  const isLong = useLasting(connection === "connecting", CONNECTING_AFTER_MS);
  if (connection === "reconnecting") return <TileState text={t("call.tile.reconnecting")} />;
  return isLong ? <TileState text={t("call.tile.connecting")} /> : null;
}

interface RemoteTileProps {
  participant: Participant;
  views: Views;
  place: TilePlace;
  isPinned: boolean;
  /** Pins the tile of this key, or takes its pin away; the same function for all tiles. */
  onPin(key: string): void;
}

interface ParticipantTileProps extends RemoteTileProps {
  /** How the connection does; null where that is not known yet. */
  standing: Standing | null;
  /** Whether so many are here that what is on another page is not even made ready. */
  isCrowd: boolean;
}

/** The camera, or the face, of another participant; it plays their voice too. */
export const ParticipantTile = memo((props: ParticipantTileProps) => {
  const { participant, views, place, standing, isCrowd, isPinned, onPin } = props;
  const t = useCallTexts();
  const frame = useRef<HTMLDivElement>(null);
  const { id, username, tracks, health, speaking, codeChanged } = participant;
  const { microphone, camera, screen } = tracks;
  const name = participant.displayName ?? username;
  const stream = useStream(microphone.track, camera.track);
  const [volume] = useVolumeOf(username);
  const openView = useCallback(() => views.open(id, "camera"), [views, id]);
  usePlaceOf(stream === null ? place : null, openView);
  if (isCrowd && place === null) {
    if (microphone.track === null) return null;
    return (
      <TileFrame name={name} participant={id} place={place}>
        {stream && (
          <Video
            stream={stream}
            label={t("call.tile.video", { name })}
            openView={openView}
            volume={volume}
          />
        )}
      </TileFrame>
    );
  }
  const showsCamera = camera.track !== null && !camera.paused && (camera.on ?? camera.flowing);
  return (
    <TileFrame frame={frame} name={name} participant={id} place={place} isSpeaking={speaking}>
      {stream && (
        <Video
          stream={stream}
          label={t("call.tile.video", { name })}
          openView={openView}
          volume={volume}
        />
      )}
      {!showsCamera && <TileFace name={name} />}
      {health.unreachable ? (
        <NoWay to={name} unreachable={health.unreachable} />
      ) : (
        <ConnectionState connection={health.connection} />
      )}
      {camera.paused && camera.on && <TileNote text={t("call.tile.paused")} />}
      {codeChanged && (
        <div className="tile-alarm" role="alert">
          <AlertIcon size={16} />
          <span>{t("call.tile.codeChanged")}</span>
        </div>
      )}
      <TileName
        name={name}
        username={username}
        isMuted={microphone.on === false}
        records={participant.records}
        sharesScreen={screen.on === true}
        standing={standing}
      />
      <TileGestures id={id} />
      <TileActions>
        <FullscreenAction target={frame} label={t("call.tile.fill", { name })} />
        <PinAction
          name={name}
          {...{ isPinned, onPin }}
          tile={{ kind: "participant", participant }}
        />
      </TileActions>
    </TileFrame>
  );
});

interface ScreenTileProps extends RemoteTileProps {
  screen: RemoteScreen;
  /** Whether it has the large place. */
  isFeatured: boolean;
  onFeature(): void;
}

/** A shared screen of another participant, beside their camera; it plays its sound too. */
export function ScreenTile(props: ScreenTileProps) {
  const { participant, screen, views, place, isFeatured, onFeature, isPinned, onPin } = props;
  const t = useCallTexts();
  const frame = useRef<HTMLDivElement>(null);
  const { id, username, health } = participant;
  const name = participant.displayName ?? username;
  const { source } = screen;
  const number = numberOf(source);
  const stream = useStream(screen.track, screen.sound);
  const openView = useCallback(() => views.open(id, source), [views, id, source]);
  return (
    <TileFrame
      frame={frame}
      name={t("call.tile.screen", { name, number })}
      participant={id}
      place={place}
    >
      {stream && (
        <Video
          stream={stream}
          label={t("call.tile.sharedScreen", { name, number })}
          openView={openView}
          whole
        />
      )}
      <ConnectionState connection={health.connection} />
      {screen.paused && <TileNote text={t("call.tile.paused")} />}
      <TileName name={t("call.tile.theirScreen", { name, number })} username={username} />
      <TileActions stay>
        {isFeatured ? (
          <FullscreenAction target={frame} label={t("call.tile.fullScreen")} />
        ) : (
          <TileAction
            label={t("call.tile.showLarge", { name: fullName(participant), number })}
            icon={<ScreenIcon />}
            onPress={onFeature}
          />
        )}
        <PinAction
          name={t("call.tile.theirScreen", { name, number })}
          {...{ isPinned, onPin }}
          tile={{ kind: "screen", participant, screen }}
        />
      </TileActions>
    </TileFrame>
  );
}

interface OwnTileProps {
  media: LocalMedia;
  peerID: string;
  place: TilePlace;
}

interface OwnScreenTileProps extends OwnTileProps {
  source: ScreenSource;
}

/** A screen that the person at this browser shares. Its sound is not played: they hear it already. */
export function OwnScreenTile({ media, source, peerID, place }: OwnScreenTileProps) {
  const t = useCallTexts();
  const screen = useStore(media.view).screens.find((one) => one.source === source);
  const number = numberOf(source);
  const name = t("call.tile.ownScreen", { number });
  return (
    <TileFrame name={name} participant={peerID} place={place}>
      {screen && (
        <Video
          stream={screen.preview}
          label={t("call.tile.ownSharedScreen", { number })}
          muted
          whole
        />
      )}
      <TileName name={screen?.hasSound ? t("call.tile.ownScreenWithSound", { number }) : name} />
      <TileActions stay>
        <TileAction
          label={t("call.tile.stopScreen", { number })}
          icon={<CloseIcon size={18} />}
          onPress={() => media.stopScreen(source)}
        />
      </TileActions>
    </TileFrame>
  );
}

/** Counts the screens of a participant from 1, each with the same number as long as it is shared. */
export function numberOf(source: ScreenSource): number {
  return SCREENS.indexOf(source) + 1;
}

/** One stream for one element, which plays its tracks in sync; null without tracks. */
export function useStream(
  first: MediaStreamTrack | null,
  second: MediaStreamTrack | null = null,
): MediaStream | null {
  return useMemo(() => {
    const tracks = [first, second].filter((track) => track !== null);
    return tracks.length > 0 ? new MediaStream(tracks) : null;
  }, [first, second]);
}

/** Asks for a picture of which nothing has come yet, as high as its place: an SFU sends what is asked for alone. */
function usePlaceOf(place: TilePlace, openView: () => View): void {
  const height = place ? pixelsOf(place.height, window) : null;
  useEffect(() => {
    if (height === null) return;
    const view = openView();
    view.show(height);
    return () => view.close();
  }, [height, openView]);
}

/** Whether something has been so for a time. */
function useLasting(is: boolean, forMs: number): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!is) return;
    const timer = setTimeout(() => setLasts(true), forMs);
    return () => {
      clearTimeout(timer);
      setLasts(false);
    };
  }, [is, forMs]);
  return is && lasts;
}
