import { type ReactElement, useCallback, useEffect, useRef, useState } from "react";
import type { Call, CallPhase } from "../../call/call";
import { formatDuration } from "../../clock";
import { withoutDirectionControls } from "../../names";
import type { Identity } from "../../session";
import { GuestTimer } from "../app/guest-timer";
import { useNow, useServices, useStore } from "../app/services";
import { EventIcon, LinkIcon, Logo } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { useIsNarrow } from "../kit/media-query";
import { shownName } from "../kit/person-name";
import type { RoomFacts } from "./admission";
import { Announcements } from "./announcements";
import {
  ATTENDANCE_DIALOG,
  CHAT_PANEL,
  HEALTH_PANEL,
  INVITE_DIALOG,
  PEOPLE_PANEL,
  RECORDING_PANEL,
  SETTINGS_DIALOG,
  SHORTCUT_SHEET,
  useFetchedCallChunks,
} from "./call-chunks";
import { type CallDeed, DeedAction, useCallDeeds } from "./call-deeds";
import { ChatAlerts } from "./chat/chat-alerts";
import { Controls, type Panel } from "./controls";
import { EncryptionNotice } from "./encryption-notice";
import { CallGestures } from "./gestures/call-gestures";
import { GuestWarning } from "./guest-warning";
import { HealthAction } from "./health/health-action";
import { TalkKey } from "./keys/talk-key";
import { Shortcuts } from "./keys/use-shortcuts";
import { LazyDialog } from "./lazy-dialog";
import { LazyPanel } from "./lazy-panel";
import { CallMediaNotice } from "./media-notice";
import { OwnSoundHint } from "./own-sound-hint";
import { usePanels } from "./panels";
import { usePhone } from "./phone";
import { PictureInPicture } from "./picture-in-picture";
import { RecordingMark } from "./recording/recording-mark";
import { ServerRecordingNotice } from "./recording/server-recording-notice";
import { copyRoomLink } from "./room-link";
import { Stage } from "./stage";
import { KeptChoices } from "./stage-choices";
import { useCallTexts } from "./texts";
import { ViewAction } from "./view-action";

export interface CallViewProps {
  call: Call;
  phase: Exclude<CallPhase, { kind: "left" | "refused" }>;
  room: RoomFacts;
  identity: Identity;
}

type OpenDialog = "invite" | "attendance" | "shortcuts" | "settings";

const NO_DEEDS: readonly CallDeed[] = [];

export function CallView({ call, phase, room, identity }: CallViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const { panel, show, close } = usePanels(box);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const [choices] = useState(() => new KeptChoices());
  const [small] = useState(() => new PictureInPicture(call.views));
  useEffect(() => () => small.close(), [small]);
  const t = useCallTexts();
  const name = shownName(t, identity);
  usePhone(call, withoutDirectionControls(room.name));
  useFetchedCallChunks(phase.kind !== "joining");
  const openShortcuts = useCallback(() => setDialog("shortcuts"), []);
  const openSettings = useCallback(() => setDialog("settings"), []);
  const closeDialog = useCallback(() => setDialog(null), []);
  const onPanel = useCallback(
    (wanted: Panel | null) => (wanted ? show(wanted) : close()),
    [show, close],
  );
  const deeds = useCallDeeds({ call, room, panel, onPanel, onDialog: setDialog });
  const isNarrow = useIsNarrow();
  return (
    <Shortcuts call={box}>
      <CallGestures value={call.gestures}>
        <div className="call" ref={box}>
          <Announcements call={call} />
          <ChatAlerts
            chat={call.chat}
            files={call.files}
            room={room.name}
            isOpen={panel === "chat"}
          />
          <CallBar {...{ phase, room, choices, small }} deeds={isNarrow ? NO_DEEDS : deeds}>
            <RecordingMark call={call} />
            <HealthAction
              health={call.health}
              isOpen={panel === "connections"}
              onOpen={(open) => onPanel(open ? "connections" : null)}
            />
          </CallBar>
          <GuestWarning />
          <ServerRecordingNotice call={call} />
          <EncryptionNotice call={call} />
          {phase.kind !== "joining" && <CallMediaNotice media={call.media} />}
          <div className="call-body">
            <Stage
              call={call}
              name={name}
              peerID={phase.kind === "joining" ? "self" : phase.peerID}
              choices={choices}
              small={small}
              alone={<Alone call={call} room={room} />}
            />
            <Waiting call={call} />
            <OwnSoundHint call={call} />
            <TalkKey media={call.media} call={box} />
            {panel === "chat" && (
              <LazyPanel
                panel={CHAT_PANEL}
                values={{
                  chat: call.chat,
                  files: call.files,
                  me: identity.email,
                  isCreator: room.isCreator,
                }}
                title={t("call.chat.title")}
                close={t("call.chat.close")}
                onClose={close}
              />
            )}
            {panel === "people" && (
              <LazyPanel
                panel={PEOPLE_PANEL}
                values={{
                  call,
                  name: identity.username ?? t("app.guest"),
                  displayName: identity.displayName,
                  isCreator: room.isCreator,
                  creator: room.creator?.username ?? null,
                  onInvite: room.isCreator ? () => setDialog("invite") : null,
                }}
                title={t("call.people.title")}
                close={t("call.people.close")}
                onClose={close}
              />
            )}
            {panel === "recording" && (
              <LazyPanel
                panel={RECORDING_PANEL}
                values={{ call, account: identity.email, name, isCreator: room.isCreator }}
                title={t("call.record.title")}
                close={t("call.record.close")}
                onClose={close}
              />
            )}
            {panel === "connections" && (
              <LazyPanel
                panel={HEALTH_PANEL}
                values={{ call }}
                title={t("call.health.title")}
                close={t("call.health.close")}
                onClose={close}
              />
            )}
          </div>
          <Controls
            call={call}
            panel={panel}
            onPanel={show}
            deeds={isNarrow ? deeds : NO_DEEDS}
            onShortcuts={openShortcuts}
            onSettings={openSettings}
          />
          {dialog && <CallDialog dialog={dialog} room={room.name} onClose={closeDialog} />}
        </div>
      </CallGestures>
    </Shortcuts>
  );
}

interface CallDialogProps {
  dialog: OpenDialog;
  room: string;
  onClose(): void;
}

function CallDialog({ dialog, room, onClose }: CallDialogProps) {
  switch (dialog) {
    case "invite":
      return <LazyDialog dialog={INVITE_DIALOG} values={{ room }} onClose={onClose} />;
    case "attendance":
      return <LazyDialog dialog={ATTENDANCE_DIALOG} values={{ room }} onClose={onClose} />;
    case "shortcuts":
      return <LazyDialog dialog={SHORTCUT_SHEET} values={{}} onClose={onClose} />;
    case "settings":
      return <LazyDialog dialog={SETTINGS_DIALOG} values={{}} onClose={onClose} />;
  }
}

/** Says what the person waits for. The media of a call do not depend on the connection to the server. */
function Waiting({ call }: { call: Call }) {
  const t = useCallTexts();
  const delay = useStore(call.delay);
  const restarting = useStore(useServices().signaling.restarting);
  if (delay === null) return null;
  const words = {
    entering: t("call.entry.entering"),
    "entering-long": t("call.entry.enteringLong"),
    rejoining: restarting ? t("call.bar.restarting") : t("call.bar.reconnecting"),
  };
  return (
    <div className="call-interruption" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{words[delay]}</span>
    </div>
  );
}

interface CallBarProps {
  phase: CallViewProps["phase"];
  room: RoomFacts;
  choices: KeptChoices;
  small: PictureInPicture;
  deeds: readonly CallDeed[];
  children: readonly ReactElement[];
}

function CallBar({ phase, room, choices, small, deeds, children }: CallBarProps) {
  const t = useCallTexts();
  return (
    <header className="call-bar">
      <Logo size={28} />
      <h1 dir="auto" title={withoutDirectionControls(room.name)}>
        <Isolated>{room.name}</Isolated>
      </h1>
      {room.isEvent && (
        <span className="badge warm wide-only">
          <EventIcon size={14} />
          <span>{t("app.event")}</span>
        </span>
      )}
      {phase.kind !== "joining" && <CallTimer since={phase.since} />}
      <span className="call-bar-end">
        <GuestTimer quiet />
        {children}
        <ViewAction choices={choices} small={small} />
        {deeds.map((deed) => (
          <DeedAction key={deed.id} deed={deed} />
        ))}
      </span>
    </header>
  );
}

function CallTimer({ since }: { since: number }) {
  const t = useCallTexts();
  return (
    <span className="soft numbers" role="timer" aria-label={t("call.bar.time")}>
      {formatDuration(useNow() - since)}
    </span>
  );
}

/** It stands where the page says what the person waits for. */
function Alone({ call, room }: { call: Call; room: RoomFacts }) {
  const t = useCallTexts();
  if (useStore(call.delay) !== null) return null;
  return (
    <div className="alone">
      <div className="notice" role="status">
        <div className="row spread">
          <span>{t("call.bar.alone")}</span>
          <button
            type="button"
            className="button secondary compact"
            onClick={() => void copyRoomLink(t, room)}
          >
            <LinkIcon size={16} />
            <span>{t("call.bar.copyTheLink")}</span>
          </button>
        </div>
      </div>
    </div>
  );
}
