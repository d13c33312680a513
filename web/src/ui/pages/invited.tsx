import { useEffect, useState } from "react";
import { formatSpan } from "../../clock";
import { Problem } from "../../problem";
import type { InvitationSummary } from "../../wire.gen";
import { Action, LinkAction } from "../button";
import { roomPath, withDestination } from "../destination";
import { useTask } from "../form";
import { Isolated } from "../isolated";
import { ProblemNotice, Spinner } from "../notice";
import { useServerConfig, useServices, useTitle } from "../services";
import { CardPage } from "../shell";

const FRAGMENT = "#invitation=";

/** The token of an invitation's link, which is its fragment, so that no log has it. */
export function invitationToken(hash: string): string | null {
  return hash.startsWith(FRAGMENT) ? hash.slice(FRAGMENT.length) : null;
}

type Look =
  | { kind: "looking" }
  | { kind: "known"; invitation: InvitationSummary }
  | { kind: "refused"; problem: Problem };

/** For somebody who is not logged in and has followed the link of an invitation. */
export function InvitedPage({ token, room }: { token: string; room: string }) {
  useTitle("Invitation");
  const { accounts } = useServices();
  const [look, setLook] = useState<Look>({ kind: "looking" });
  useEffect(() => {
    let isCurrent = true;
    accounts.invitation(token).then(
      (invitation) => isCurrent && setLook({ kind: "known", invitation }),
      (error) => isCurrent && setLook({ kind: "refused", problem: Problem.of(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [accounts, token]);
  switch (look.kind) {
    case "looking":
      return (
        <CardPage>
          <h1>Invitation</h1>
          <Spinner label="One moment…" />
        </CardPage>
      );
    case "known":
      return <Invitation token={token} invitation={look.invitation} />;
    case "refused":
      return (
        <CardPage>
          <div className="card-head">
            <h1>This invitation is not valid any more</h1>
            <p className="soft">Log in, or join as a guest, to see whether you may enter.</p>
          </div>
          <OtherWays room={room} />
        </CardPage>
      );
  }
}

interface InvitationProps {
  token: string;
  invitation: InvitationSummary;
}

function Invitation({ token, invitation }: InvitationProps) {
  const { session } = useServices();
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const task = useTask();
  const { room, inviter, email, event, has_account: hasAccount } = invitation;
  const join = async () => {
    await session.joinByInvitation(token);
    history.replaceState(history.state, "", location.pathname); // the token has done its work
  };
  return (
    <CardPage>
      <div className="card-head">
        <h1>
          <Isolated>{room}</Isolated>
        </h1>
        <p>{`${inviter} invites you to this ${event ? "event" : "room"}.`}</p>
        <p className="soft">
          <Isolated>{email}</Isolated>
        </p>
      </div>
      <ProblemNotice problem={task.problem} />
      {hasAccount ? (
        <LinkAction href={withDestination("/login", roomPath(room))} look="primary">
          Log in
        </LinkAction>
      ) : (
        <div className="form">
          <Action look="primary" isPending={task.pending} onPress={() => task.run(join)}>
            Join as a guest
          </Action>
          <p className="soft small">{`Your ${formatSpan(guestTtl)} as a guest start when you join.`}</p>
          <LinkAction href={withDestination("/login", roomPath(room))} look="quiet">
            Log in
          </LinkAction>
        </div>
      )}
    </CardPage>
  );
}

function OtherWays({ room }: { room: string }) {
  return (
    <div className="form">
      <LinkAction href={withDestination("/login", roomPath(room))} look="primary">
        Log in
      </LinkAction>
      <LinkAction href={withDestination("/register?as=guest", roomPath(room))} look="quiet">
        Join as a guest
      </LinkAction>
    </div>
  );
}
