import { memo, type ReactElement, useState } from "react";
import type { Call } from "../../call/call";
import { SELF } from "../../call/gestures";
import type { Standing } from "../../call/health/mark";
import { inWordsOf, type SecurityCode } from "../../call/security-code";
import type { Participant, SourceStates } from "../../call/topology";
import { useServices, useStore } from "../app/services";
import { Avatar } from "../kit/avatar";
import { Action, CloseAction } from "../kit/button";
import { Field } from "../kit/field";

import {
  CameraOffIcon,
  InviteIcon,
  LockIcon,
  MicrophoneOffIcon,
  RecordIcon,
  ScreenIcon,
  SpeakerIcon,
} from "../kit/icons";
import { Notice } from "../kit/notice";
import { fullName, PersonName } from "../kit/person-name";
import { useSentence } from "../kit/texts";
import { toast } from "../kit/toast";
import { useHandOf } from "./gestures/call-gestures";
import { HandMark } from "./gestures/tile-gestures";
import { HealthMark } from "./health/health-mark";
import { matchingPeople, SEARCHED_FROM } from "./matching-people";
import { CallRich, useCallTexts } from "./texts";
import { useGrowing } from "./use-growing";
import { useVolumeOf } from "./volumes";

interface PeoplePanelProps {
  call: Call;
  name: string;
  displayName?: string | undefined;
  onClose(): void;
  onInvite: (() => void) | null;
  isCreator: boolean;
  /** The username of the room's creator; null where it is not known. */
  creator: string | null;
}

export function PeoplePanel({
  call,
  name,
  displayName,
  onClose,
  onInvite,
  isCreator,
  creator,
}: PeoplePanelProps) {
  const t = useCallTexts();
  const participants = useStore(call.participants);
  const { on } = useStore(call.media.outgoing);
  const records = useStore(call.health.records);
  const isAudible = useStore(call.voice.isAudible);
  const standings = new Map(records.map(({ id, standing }) => [id, standing]));
  const { isEndToEnd } = useStore(call.encryption);
  const [search, setSearch] = useState("");
  const isSearched = participants.length + 1 >= SEARCHED_FROM;
  const shown = isSearched ? matchingPeople(participants, search) : participants;
  const [rows, end] = useGrowing(shown.length);
  const showsSelf =
    !isSearched || matchingPeople([{ username: name, displayName }], search).length > 0;
  return (
    <aside className="panel" aria-label={t("call.people.title")} ref={arrive} tabIndex={-1}>
      <header className="panel-head">
        <h2>{t("call.people.hereCount", { count: participants.length + 1 })}</h2>
        <CloseAction label={t("call.people.close")} onPress={onClose} />
      </header>
      {isSearched && (
        <div className="panel-search">
          <Field
            label={t("call.people.search")}
            name="people"
            value={search}
            onChange={setSearch}
            autoComplete="off"
          />
        </div>
      )}
      {isSearched && shown.length === 0 && !showsSelf && (
        <p className="panel-empty soft" role="status">
          {t("call.people.nobody")}
        </p>
      )}
      {isEndToEnd && (
        <p className="panel-note soft small">
          <LockIcon size={14} />
          <span>{t("call.encryption.requiredText")}</span>
        </p>
      )}
      <ul className="panel-body table-list" aria-label={t("call.people.here")}>
        {showsSelf && (
          <Person
            id={SELF}
            username={name}
            displayName={displayName}
            self
            sources={on}
            isCreator={isCreator}
            speaking={isAudible}
          />
        )}
        {shown.slice(0, rows).map((participant) => (
          <OtherPerson
            key={participant.id}
            call={call}
            participant={participant}
            standing={standings.get(participant.id) ?? null}
            isCreator={participant.username === creator}
            decides={isCreator}
          />
        ))}
        {rows < shown.length && <li className="panel-end" aria-hidden="true" ref={end} />}
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

interface OtherPersonProps {
  call: Call;
  participant: Participant;
  standing: Standing | null;
  isCreator: boolean;
  /** Whether the person at this browser is the creator. */
  decides: boolean;
}

/** Remembered, since one of some hundred begins to speak, or ends, each second. */
const OtherPerson = memo(({ call, participant, decides, ...shown }: OtherPersonProps) => (
  <Person
    id={participant.id}
    username={participant.username}
    displayName={participant.displayName}
    sources={sourcesOf(participant)}
    records={participant.records}
    speaking={participant.speaking}
    {...shown}
  >
    <Volume participant={participant} />
    {decides && <HandLowering call={call} participant={participant} />}
    {participant.codeChanged && <CodeAlarm peer={fullName(participant)} />}
    {participant.code && <Code code={participant.code} peer={fullName(participant)} />}
    {decides && <Removal participant={participant} />}
  </Person>
));

interface PersonProps {
  id: string;
  username: string;
  displayName?: string | undefined;
  self?: boolean;
  sources: Sources;
  isCreator: boolean;
  speaking: boolean;
  standing?: Standing | null;
  records?: boolean | undefined;
  children?: readonly (ReactElement | false | null)[];
}

function Person({
  username,
  displayName,
  self,
  sources,
  records,
  children,
  ...props
}: PersonProps) {
  const t = useCallTexts();
  const { id, isCreator, speaking, standing = null } = props;
  const hand = useHandOf(id);
  return (
    <li>
      <Avatar name={displayName ?? username} size={32} />
      <span className="grow">
        <span className="person-line">
          <PersonName username={username} displayName={displayName} self={self} />
          {isCreator && <span className="badge">{t("call.people.creator")}</span>}
        </span>
        {children}
      </span>
      <span className="row soft person-devices">
        {records && (
          <span className="recording" role="img" aria-label={t("call.recording.person")}>
            <RecordIcon size={18} />
          </span>
        )}
        {hand > 0 && <HandMark place={hand} />}
        {speaking && (
          <span className="person-speaking" role="img" aria-label={t("call.people.speaking")}>
            <SpeakerIcon size={18} />
          </span>
        )}
        <HealthMark standing={standing} />
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

/** How loud a person is played here, for those whose microphones differ. */
function Volume({ participant }: { participant: Participant }) {
  const t = useCallTexts();
  const [volume, setVolume] = useVolumeOf(participant.username);
  const percent = Math.round(volume * 100);
  return (
    <label className="person-volume soft">
      <SpeakerIcon size={16} />
      <input
        type="range"
        min={0}
        max={100}
        step={5}
        value={percent}
        aria-label={t("call.people.volume", { name: fullName(participant) })}
        aria-valuetext={t("call.people.percent", { percent })}
        onChange={({ target }) => setVolume(Number(target.value) / 100)}
      />
    </label>
  );
}

/** For the room's creator, to whose request a participant's page gives way. */
function HandLowering({ call, participant }: { call: Call; participant: Participant }) {
  const t = useCallTexts();
  const isUp = useHandOf(participant.id) > 0;
  if (!isUp) return null;
  return (
    <Action
      look="quiet"
      className="compact removal"
      onPress={() => call.gestures.lowerHandOf(participant.id)}
    >
      {t("call.people.lowerHand", { name: fullName(participant) })}
    </Action>
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
