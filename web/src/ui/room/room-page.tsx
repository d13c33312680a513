import { withoutDirectionControls } from "../../names";
import type { Identity } from "../../session";
import { useIdentity, useTitle } from "../app/services";
import { CardPage, Shell } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { LockIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { ProblemNotice, Spinner } from "../kit/notice";
import { useAdmission } from "./admission";
import { LobbyAndCall } from "./lobby-and-call";
import { PasswordGate } from "./password-gate";

export function RoomPage({ name }: { name: string }) {
  useTitle(withoutDirectionControls(name));
  const identity = useIdentity();
  return identity && <Entrance name={name} identity={identity} />;
}

function Entrance({ name, identity }: { name: string; identity: Identity }) {
  const { admission, admit, check } = useAdmission(name, identity);
  switch (admission.kind) {
    case "checking":
      return (
        <Shell>
          <CardPage>
            <h1>
              <Isolated>{name}</Isolated>
            </h1>
            <Spinner label="Finding the room…" />
          </CardPage>
        </Shell>
      );
    case "problem":
      return (
        <Shell>
          <CardPage>
            <h1>
              <Isolated>{name}</Isolated>
            </h1>
            <ProblemNotice problem={admission.problem} />
            <Action onPress={check}>Try again</Action>
          </CardPage>
        </Shell>
      );
    case "closed":
      return (
        <Shell>
          <ClosedRoom name={name} reason={admission.reason} />
        </Shell>
      );
    case "password":
      return (
        <Shell>
          <PasswordGate room={admission.room} onAdmitted={() => admit(admission.room)} />
        </Shell>
      );
    case "admitted":
      return <LobbyAndCall room={admission.room} identity={identity} />;
  }
}

function ClosedRoom({ name, reason }: { name: string; reason: string | null }) {
  return (
    <CardPage>
      <span className="emblem warm">
        <LockIcon size={26} />
      </span>
      <div className="card-head" role="alert">
        <h1>
          You can’t enter “<Isolated>{name}</Isolated>”
        </h1>
        <p className="soft">
          {reason ??
            "Either there’s no room with this name, or it’s an event and the email address you’re logged in with hasn’t been invited."}
        </p>
      </div>
      <LinkAction href="/" look="primary">
        See the rooms
      </LinkAction>
    </CardPage>
  );
}
