import { type ReactElement, useState } from "react";
import type { Call } from "../../call/call";
import { inWordsOf, type SecurityCode } from "../../call/security-code";
import type { Participant, SourceStates } from "../../call/topology";
import { useServices, useStore } from "../app/services";
import { Avatar } from "../kit/avatar";
import { Action, CloseAction } from "../kit/button";
import { CameraOffIcon, InviteIcon, MicrophoneOffIcon, RecordIcon, ScreenIcon } from "../kit/icons";
import { Notice } from "../kit/notice";
import { fullName, PersonName } from "../kit/person-name";
import { useSentence } from "../kit/texts";
import { toast } from "../kit/toast";
import { CallRich, useCallTexts } from "./texts";

interface PeoplePanelProps {
  call: Call;
  name: string;
  displayName?: string | undefined;
  onClose(): void;
  onInvite: (() => void) | null;
  isCreator: boolean;
}

export function PeoplePanel({
  call,
  name,
  displayName,
  onClose,
  onInvite,
  isCreator,
}: PeoplePanelProps) {
  const t = useCallTexts();
  const participants = useStore(call.participants);
  const { on } = useStore(call.media.outgoing);
  return (
    <aside className="panel" aria-label={t("call.people.title")} ref={arrive} tabIndex={-1}>
      <header className="panel-head">
        <h2>{t("call.people.hereCount", { count: participants.length + 1 })}</h2>
        <CloseAction label={t("call.people.close")} onPress={onClose} />
      </header>
      <ul className="panel-body table-list" aria-label={t("call.people.here")}>
        <Person username={name} displayName={displayName} self sources={on} />
        {participants.map((participant) => (
          <Person
            key={participant.id}
            username={participant.username}
            displayName={participant.displayName}
            sources={sourcesOf(participant)}
            records={participant.records}
          >
            {participant.codeChanged && <CodeAlarm peer={fullName(participant)} />}
            {participant.code && <Code code={participant.code} peer={fullName(participant)} />}
            {isCreator && <Removal participant={participant} />}
          </Person>
        ))}
      </ul>
      {onInvite && (
        <div className="panel-foot">
          <Action className="wide" onPress={onInvite}>
            <InviteIcon />
            <span>{t("call.people.invite")}</span>
          </Action>
        </div>
      )}
    </aside>
  );
}

/** Moves the focus into the panel, so that a screen reader continues there. */
function arrive(panel: HTMLElement | null): void {
  panel?.focus({ preventScroll: true });
}

/** Null for a client that does not tell. */
type Sources = { readonly [Source in keyof SourceStates]: boolean | null };

function sourcesOf({ tracks: { microphone, camera, screen } }: Participant): Sources {
  return { microphone: microphone.on, camera: camera.on, screen: screen.on };
}

interface PersonProps {
  username: string;
  displayName?: string | undefined;
  self?: boolean;
  sources: Sources;
  records?: boolean | undefined;
  children?: readonly (ReactElement | false | null)[];
}

function Person({ username, displayName, self, sources, records, children }: PersonProps) {
  const t = useCallTexts();
  return (
    <li>
      <Avatar name={displayName ?? username} size={32} />
      <span className="grow">
        <PersonName username={username} displayName={displayName} self={self} />
        {children}
      </span>
      <span className="row soft person-devices">
        {records && (
          <span className="recording" role="img" aria-label={t("call.recording.person")}>
            <RecordIcon size={18} />
          </span>
        )}
        {sources.screen && (
          <span role="img" aria-label={t("call.people.sharesScreen")}>
            <ScreenIcon size={18} />
          </span>
        )}
        {sources.camera === false && (
          <span role="img" aria-label={t("call.people.cameraOff")}>
            <CameraOffIcon size={18} />
          </span>
        )}
        {sources.microphone === false && (
          <span role="img" aria-label={t("call.people.microphoneOff")}>
            <MicrophoneOffIcon size={18} />
          </span>
        )}
      </span>
    </li>
  );
}

/** The code that both people read aloud: if it is the same, there is no man in the middle. */
function Code({ code, peer }: { code: SecurityCode; peer: string }) {
  const t = useCallTexts();
  const words = inWordsOf(t("call.code.words").split(", "), code);
  return (
    <details className="security-code soft">
      <summary>{t("call.code.title")}</summary>
      <p role="img" aria-label={t("call.code.with", { name: peer, words })}>
        {code.map(({ emoji }) => emoji).join(" ")}
      </p>
      <p aria-hidden="true">{words}</p>
      <p>{t("call.code.text")}</p>
    </details>
  );
}

/** The alarm stays for the rest of the call, since no honest reconnect changes the certificate. */
function CodeAlarm({ peer }: { peer: string }) {
  return (
    <Notice tone="danger">
      <CallRich text="call.code.changed" name={peer} strong={(text) => <strong>{text}</strong>} />
    </Notice>
  );
}

/** Asks for confirmation, since a removed person cannot come back. */
function Removal({ participant }: { participant: Participant }) {
  const t = useCallTexts();
  const sentence = useSentence();
  const { signaling } = useServices();
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    const answer = await signaling.banPeer({ peerID: participant.id });
    if (!answer.ok) toast(sentence(answer));
  };
  return (
    <Action
      look={asking ? "danger" : "quiet"}
      className="compact removal"
      onPress={() => (asking ? void remove() : setAsking(true))}
      onBlur={() => setAsking(false)}
    >
      {asking
        ? t("call.people.removeForGood", { name: fullName(participant) })
        : t("call.people.remove")}
    </Action>
  );
}
