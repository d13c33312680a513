import type { Call } from "../../call/call";
import type { Devices } from "../../call/topology";
import { Avatar } from "../avatar";
import { Action, CloseAction } from "../button";
import { CameraOffIcon, InviteIcon, MicrophoneOffIcon, ScreenIcon } from "../icons";
import { useStore } from "../services";

interface PeoplePanelProps {
  call: Call;
  name: string;
  onClose(): void;
  onInvite: (() => void) | null;
}

export function PeoplePanel({ call, name, onClose, onInvite }: PeoplePanelProps) {
  const peers = useStore(call.peers);
  const { devices } = useStore(call.media.outgoing);
  return (
    <aside className="panel" aria-label="People">
      <header className="panel-head">
        <h2>Who is here ({peers.length + 1})</h2>
        <CloseAction label="Close people" onPress={onClose} />
      </header>
      <ul className="panel-body table-list" aria-label="Who is here">
        <Person username={name} self devices={devices} />
        {peers.map((peer) => (
          <Person key={peer.peerID} username={peer.username} devices={peer.devices} />
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

interface PersonProps {
  username: string;
  self?: boolean;
  devices: Devices | null;
}

function Person({ username, self, devices }: PersonProps) {
  return (
    <li>
      <Avatar name={username} size={32} />
      <span className="grow">
        {username}
        {self && " (you)"}
      </span>
      <span className="row soft person-devices">
        {devices?.screen && (
          <span role="img" aria-label="Shares the screen">
            <ScreenIcon size={18} />
          </span>
        )}
        {devices && !devices.camera && (
          <span role="img" aria-label="Camera off">
            <CameraOffIcon size={18} />
          </span>
        )}
        {devices && !devices.microphone && (
          <span role="img" aria-label="Microphone off">
            <MicrophoneOffIcon size={18} />
          </span>
        )}
      </span>
    </li>
  );
}
