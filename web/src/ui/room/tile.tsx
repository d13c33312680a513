import { type ReactElement, type RefObject, useEffect, useRef, useState } from "react";
import { followLoudness } from "../../call/loudness";
import type { LocalMedia } from "../../call/media";
import type { RemotePeer, Unreachable } from "../../call/topology";
import { useStore } from "../app/services";
import { Avatar } from "../kit/avatar";
import { IconAction } from "../kit/button";
import { AlertIcon, MicrophoneOffIcon, ScreenIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { fullName } from "../kit/person-name";
import { FullscreenAction } from "./fullscreen-action";
import type { Place } from "./stage-layout";
import { Video } from "./video";

interface FrameProps {
  name: string;
  /** Of whom the avatar is. */
  face: string;
  /** Whose display name it is. */
  username?: string;
  peerID: string;
  stream: MediaStream | null;
  showsVideo: boolean;
  muted: boolean;
  speaking: boolean;
  self?: boolean;
  screen?: boolean;
  state?: string | null;
  unreachable?: Unreachable | null;
  alarm?: string | null;
  /** Undefined until the stage is measured. */
  place: Place | undefined;
  /** It is the shared screen in the large place. */
  featured?: boolean;
  frame?: RefObject<HTMLDivElement | null>;
  /** Buttons in the tile's corner. */
  children?: readonly (ReactElement | false)[];
}

function TileFrame(props: FrameProps) {
  const { name, face, username, peerID, stream, showsVideo, muted, speaking, self, screen } = props;
  const { state, unreachable, alarm, place, featured, frame, children } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={frame}
      role="group"
      aria-label={name}
      data-peer={peerID}
      data-speaking={speaking || undefined}
      className={`tile ${self ? "self" : ""} ${featured ? "featured" : ""}`}
      style={place}
    >
      {stream && (
        <Video
          stream={stream}
          label={`Video of ${name}`}
          muted={self}
          mirrored={self && !screen}
          whole={screen}
        />
      )}
      {!showsVideo && (
        <div className="tile-face">
          <Avatar name={face} size={88} />
        </div>
      )}
      {unreachable && <NoWay to={name} {...unreachable} />}
      {state && !unreachable && (
        <div className="tile-state" role="status">
          <span className="spinner" aria-hidden="true" />
          <span>{state}</span>
        </div>
      )}
      {alarm && (
        <div className="tile-alarm" role="alert">
          <AlertIcon size={16} />
          <span>{alarm}</span>
        </div>
      )}
      <div className="tile-name">
        {muted && (
          <span className="tile-muted" role="img" aria-label="Microphone off">
            <MicrophoneOffIcon size={15} />
          </span>
        )}
        {screen && (
          <span className="tile-mark" role="img" aria-label="Sharing their screen">
            <ScreenIcon size={15} />
          </span>
        )}
        <span title={username}>
          <Isolated>{name}</Isolated>
        </span>
      </div>
      {children}
    </div>
  );
}

/** Says what it may mean: who waits cannot know that it is nobody's fault in the room. */
function NoWay({ to, relay }: { to: string } & Unreachable) {
  const around = relay ? "" : ", and this server has no relay (TURN) to get around it";
  return (
    <div className="tile-no-way" role="status">
      <strong>{`Can’t connect to ${to}.`}</strong>
      <span>
        {`A strict firewall or router, on your side or theirs, may be blocking the call${around}.`}
      </span>
      <span>Another network, such as a phone’s hotspot, may help. Parlour will keep trying.</span>
    </div>
  );
}

const LINK_WORDS = { connecting: "Connecting…", reconnecting: "Reconnecting…", connected: null };

interface PeerTileProps {
  peer: RemotePeer;
  place: Place | undefined;
  featured: boolean;
  onFeature(): void;
}

export function PeerTile({ peer, place, featured, onFeature }: PeerTileProps) {
  const frame = useRef<HTMLDivElement>(null);
  const screen = peer.devices?.screen ?? false;
  const name = peer.displayName ?? peer.username;
  return (
    <TileFrame
      frame={frame}
      place={place}
      featured={featured}
      name={name}
      face={name}
      username={peer.username}
      peerID={peer.peerID}
      stream={peer.stream}
      showsVideo={peer.video}
      muted={peer.devices?.microphone === false}
      speaking={peer.speaking}
      screen={screen}
      state={LINK_WORDS[peer.link]}
      unreachable={peer.unreachable}
      alarm={peer.codeChanged ? "Security code changed – see People" : null}
    >
      {featured && <FullscreenAction target={frame} />}
      {screen && !featured && (
        <IconAction
          className="tile-action"
          label={`Show the screen of ${fullName(peer)} large`}
          icon={<ScreenIcon />}
          onPress={onFeature}
        />
      )}
    </TileFrame>
  );
}

interface SelfTileProps {
  media: LocalMedia;
  name: string;
  peerID: string;
  place: Place | undefined;
}

export function SelfTile({ media, name, peerID, place }: SelfTileProps) {
  const { preview, microphone, screen } = useStore(media.view);
  return (
    <TileFrame
      self
      place={place}
      name={`${name} (you)`}
      face={name}
      peerID={peerID}
      stream={preview}
      showsVideo={preview !== null}
      muted={!microphone.on}
      speaking={useOwnSpeaking(media)}
      screen={screen}
    />
  );
}

function useOwnSpeaking(media: LocalMedia): boolean {
  const { audio, devices } = useStore(media.outgoing);
  const [speaking, setSpeaking] = useState(false);
  useEffect(() => {
    if (!audio || !devices.microphone) return;
    const stop = followLoudness(audio, setSpeaking);
    return () => {
      stop();
      setSpeaking(false);
    };
  }, [audio, devices.microphone]);
  return speaking;
}
