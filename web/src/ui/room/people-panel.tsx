import { type ReactElement, useState } from "react";
import type { Call } from "../../call/call";
import { inWords, type SecurityCode } from "../../call/security-code";
import type { Participant, SourceStates } from "../../call/topology";
import { useServices, useStore } from "../app/services";
import { Avatar } from "../kit/avatar";
import { Action, CloseAction } from "../kit/button";
import { CameraOffIcon, InviteIcon, MicrophoneOffIcon, ScreenIcon } from "../kit/icons";
import { Notice } from "../kit/notice";
import { fullName, PersonName } from "../kit/person-name";
import { toast } from "../kit/toast";

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
  const participants = useStore(call.participants);
  const { on } = useStore(call.media.outgoing);
  return (
    <aside className="panel" aria-label="People" ref={arrive} tabIndex={-1}>
      <header className="panel-head">
        <h2>{`Who is here (${participants.length + 1})`}</h2>
        <CloseAction label="Close people" onPress={onClose} />
      </header>
      <ul className="panel-body table-list" aria-label="Who is here">
        <Person username={name} displayName={displayName} self sources={on} />
        {participants.map((participant) => (
          <Person
            key={participant.id}
            username={participant.username}
            displayName={participant.displayName}
            sources={sourcesOf(participant)}
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
            Invite by email
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
  children?: readonly (ReactElement | false | null)[];
}

function Person({ username, displayName, self, sources, children }: PersonProps) {
  return (
    <li>
      <Avatar name={displayName ?? username} size={32} />
      <span className="grow">
        <PersonName username={username} displayName={displayName} self={self} />
        {children}
      </span>
      <span className="row soft person-devices">
        {sources.screen && (
          <span role="img" aria-label="Sharing their screen">
            <ScreenIcon size={18} />
          </span>
        )}
        {sources.camera === false && (
          <span role="img" aria-label="Camera off">
            <CameraOffIcon size={18} />
          </span>
        )}
        {sources.microphone === false && (
          <span role="img" aria-label="Microphone off">
            <MicrophoneOffIcon size={18} />
          </span>
        )}
      </span>
    </li>
  );
}

/** The code that both people read aloud: if it is the same, there is no man in the middle. */
function Code({ code, peer }: { code: SecurityCode; peer: string }) {
  return (
    <details className="security-code soft">
      <summary>Security code</summary>
      <p role="img" aria-label={`Security code with ${peer}: ${inWords(code)}`}>
        {code.map(({ emoji }) => emoji).join(" ")}
      </p>
      <p aria-hidden="true">{inWords(code)}</p>
      <p>Read it to each other. If you both see the same code, nobody is listening in.</p>
    </details>
  );
}

/** The alarm stays for the rest of the call, since no honest reconnect changes the certificate. */
function CodeAlarm({ peer }: { peer: string }) {
  return (
    <Notice tone="danger">
      <strong>{`The security code with ${peer} has changed during this call.`}</strong> Someone may
      be listening in. Don’t say anything private. Open the code below and read it to each other. If
      you don’t both see the same code, or can’t tell, leave the call and tell this server’s
      administrator.
    </Notice>
  );
}

/** Asks for confirmation, since a removed person cannot come back. */
function Removal({ participant }: { participant: Participant }) {
  const { signaling } = useServices();
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    const answer = await signaling.banPeer({ peerID: participant.id });
    if (!answer.ok) toast(answer.message);
  };
  return (
    <Action
      look={asking ? "danger" : "quiet"}
      className="compact removal"
      onPress={() => (asking ? void remove() : setAsking(true))}
      onBlur={() => setAsking(false)}
    >
      {asking ? `Remove ${fullName(participant)} for good` : "Remove from the room"}
    </Action>
  );
}
