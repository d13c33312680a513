import type { EntryPreparation } from "../../call/entry-preparation";
import type { LocalMedia } from "../../call/media";
import type { Identity } from "../../session";
import { useServices, useStore } from "../app/services";
import { Shell } from "../app/shell";
import { Avatar } from "../kit/avatar";
import { Action, LinkAction } from "../kit/button";
import { Isolated } from "../kit/isolated";
import { Notice } from "../kit/notice";
import { PersonName, shownName } from "../kit/person-name";
import type { RoomFacts } from "./admission";
import { CameraControl, MicrophoneControl } from "./device-control";
import { MediaNotice } from "./media-notice";
import { PeoplePresent } from "./people-present";
import { Video } from "./video";

interface LobbyProps {
  room: RoomFacts;
  identity: Identity;
  media: LocalMedia;
  preparation: EntryPreparation;
  /** Null where the browser cannot take part in calls. */
  onEnter: (() => void) | null;
}

export function Lobby({ room, identity, media, preparation, onEnter }: LobbyProps) {
  const { signaling } = useServices();
  const inUse = useStore(signaling.roomsInUse).includes(room.name);
  const { microphone, camera } = useStore(media.view);
  return (
    <Shell>
      <main className="page lobby">
        <Preview media={media} name={shownName(identity)} hasControls={onEnter !== null} />
        <section className="stack lobby-side">
          <div className="card-head">
            <h1>
              <Isolated>{room.name}</Isolated>
            </h1>
            {room.description && (
              <p className="soft" dir="auto">
                {room.description}
              </p>
            )}
            <div className="row">
              {room.creator && !room.isCreator && (
                <span className="soft small">
                  by <PersonName {...room.creator} />
                </span>
              )}
              {room.isEvent && <span className="badge warm">Event</span>}
              {inUse && (
                <span className="badge accent">
                  <span className="dot" />
                  In use
                </span>
              )}
            </div>
            <PeoplePresent preparation={preparation} />
          </div>
          <MediaNotice microphone={microphone} camera={camera} />
          {onEnter ? (
            <Action look="primary" className="enter" onPress={onEnter} autoFocus>
              Enter the room
            </Action>
          ) : (
            <NoCalls />
          )}
          <LinkAction href="/" look="quiet">
            Back to the rooms
          </LinkAction>
        </section>
      </main>
    </Shell>
  );
}

function NoCalls() {
  return (
    <Notice tone="danger">
      <strong>This browser can’t take part in calls.</strong>
      <p>
        It has no WebRTC, or a setting or an extension has turned WebRTC off. Turn it on, or open
        this page in a current version of Firefox, Chrome, Edge or Safari.
      </p>
    </Notice>
  );
}

interface PreviewProps {
  media: LocalMedia;
  name: string;
  hasControls: boolean;
}

function Preview({ media, name, hasControls }: PreviewProps) {
  const { preview, camera } = useStore(media.view);
  return (
    <section className="tile preview" aria-label="Preview of your camera">
      {preview ? (
        <Video stream={preview} muted mirrored label="Your camera" />
      ) : (
        <div className="tile-face">
          <Avatar name={name} size={92} />
          <span>{camera.pending ? "Starting the camera…" : "Your camera is off"}</span>
        </div>
      )}
      {hasControls && (
        <div className="preview-controls">
          <MicrophoneControl media={media} />
          <CameraControl media={media} />
        </div>
      )}
    </section>
  );
}
