import { useEffect, useState } from "react";
import { canEncryptFrames } from "../../call/e2ee/member-keys";
import type { EntryPreparation } from "../../call/entry-preparation";
import type { LocalMedia } from "../../call/media";
import type { Identity } from "../../session";
import { EventTimeLine } from "../app/event-time";
import { useServices, useStore } from "../app/services";
import { Shell } from "../app/shell";
import { Avatar } from "../kit/avatar";
import { Action, LinkAction } from "../kit/button";
import { LockIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { Notice } from "../kit/notice";
import { PersonName, shownName } from "../kit/person-name";
import { useChunk } from "../kit/use-chunk";
import type { RoomFacts } from "./admission";
import { RECORDING_QUESTION, useFetchedLobbyChunks } from "./call-chunks";
import { DeviceCheckAction } from "./device-check-action";
import { CameraControl, MicrophoneControl } from "./device-control";
import { DeviceHelp } from "./device-help";
import { LazyDialog } from "./lazy-dialog";
import { LevelMeter } from "./level-meter";
import { EffectNotice, MediaNotice } from "./media-notice";
import { PeoplePresent } from "./people-present";
import { recordersAmong, recordingStarter } from "./recording/recorder-names";
import { RememberedRecordings } from "./recording/remembered-recordings";
import { CallRich, useCallTexts } from "./texts";
import { Video } from "./video";

interface LobbyProps {
  room: RoomFacts;
  identity: Identity;
  media: LocalMedia;
  preparation: EntryPreparation;
  /** Gets the recording of the server to which the person consents. Null where the browser cannot take part in calls. */
  onEnter: ((agreedTo: string | null) => void) | null;
}

export function Lobby({ room, identity, media, preparation, onEnter }: LobbyProps) {
  const t = useCallTexts();
  const { signaling } = useServices();
  const inUse = useStore(signaling.roomsInUse).includes(room.name);
  const { microphone, camera, background, noise } = useStore(media.view);
  const [isAsking, setAsking] = useState(false);
  const recorders = recordersAmong(useStore(preparation.present));
  const byServer = useStore(preparation.recording);
  const isRecorded = recorders !== "" || byServer !== null;
  const question = useChunk(RECORDING_QUESTION, isAsking);
  useFetchedLobbyChunks();
  useEffect(() => {
    if (isRecorded) RECORDING_QUESTION.fetchAhead();
  }, [isRecorded]);
  const enter = () => {
    const isAsked = preparation.recording.get()?.consented === false;
    if (isAsked || recordersAmong(preparation.present.get())) setAsking(true);
    else onEnter?.(null);
  };
  const sentences = [
    byServer && t("call.recording.serverBy", { name: recordingStarter(byServer) }),
    recorders && t("call.recording.by", { names: recorders }),
  ].filter((sentence): sentence is string => Boolean(sentence));
  /** Waits for the server's word only where it has not come yet. */
  const ask = () => (preparation.isKnown ? enter() : void preparation.known.then(enter));
  return (
    <Shell>
      <main className="page lobby">
        <Preview media={media} name={shownName(t, identity)} hasControls={onEnter !== null} />
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
                  <CallRich text="app.by" name={<PersonName {...room.creator} />} />
                </span>
              )}
              {room.isEvent && <span className="badge warm">{t("app.event")}</span>}
              {room.mustEncrypt && (
                <span className="badge">
                  <LockIcon size={14} />
                  <span>{t("call.encryption.required")}</span>
                </span>
              )}
              {inUse && (
                <span className="badge accent">
                  <span className="dot" />
                  <span>{t("app.inUse")}</span>
                </span>
              )}
            </div>
            {room.time && <EventTimeLine time={room.time} />}
            <PeoplePresent preparation={preparation} />
          </div>
          <MediaNotice microphone={microphone} camera={camera} />
          <DeviceHelp microphone={microphone} camera={camera} />
          {room.mustEncrypt && onEnter && !canEncryptFrames() && (
            <Notice tone="warning">{t("call.encryption.small")}</Notice>
          )}
          <EffectNotice background={background} noise={noise} />
          {isRecorded && <Notice tone="warning">{sentences.join(" ")}</Notice>}
          {isAsking && (
            <LazyDialog
              dialog={RECORDING_QUESTION}
              values={{
                sentences,
                onEnter: () => onEnter?.(preparation.recording.get()?.recordingID ?? null),
              }}
              onClose={() => setAsking(false)}
            />
          )}
          {onEnter ? (
            <Action
              look="primary"
              className="enter"
              isPending={isAsking && question.part === null}
              onPress={ask}
              autoFocus
            >
              {t("app.enterRoom")}
            </Action>
          ) : (
            <NoCalls />
          )}
          {onEnter && <DeviceCheckAction media={media} />}
          <LinkAction href={`/check?room=${encodeURIComponent(room.name)}`} look="quiet">
            {t("app.checkConnection")}
          </LinkAction>
          <RememberedRecordings />
          <LinkAction href="/" look="quiet">
            {t("call.lobby.back")}
          </LinkAction>
        </section>
      </main>
    </Shell>
  );
}

function NoCalls() {
  const t = useCallTexts();
  return (
    <Notice tone="danger">
      <strong>{t("call.lobby.noCalls")}</strong>
      <p>{t("call.lobby.noCallsText")}</p>
    </Notice>
  );
}

interface PreviewProps {
  media: LocalMedia;
  name: string;
  hasControls: boolean;
}

function Preview({ media, name, hasControls }: PreviewProps) {
  const t = useCallTexts();
  const { preview, camera, microphone } = useStore(media.view);
  return (
    <section className="tile preview" aria-label={t("call.lobby.preview")}>
      {preview ? (
        <Video stream={preview} muted mirrored label={t("call.lobby.camera")} />
      ) : (
        <div className="tile-face">
          <Avatar name={name} size={92} />
          <span>{camera.pending ? t("call.lobby.starting") : t("call.lobby.cameraOff")}</span>
        </div>
      )}
      {microphone.on && <LevelMeter media={media} />}
      {hasControls && (
        <div className="preview-controls">
          <MicrophoneControl media={media} />
          <CameraControl media={media} />
        </div>
      )}
    </section>
  );
}
