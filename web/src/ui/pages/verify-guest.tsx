import { useState } from "react";
import { formatSpan } from "../../clock";
import type { LinkStatus } from "../../wire.gen";
import { keepDestination, keptDestination } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useTitle } from "../app/services";
import { LinkAction } from "../kit/button";
import { useTask } from "../kit/form";
import {
  AS_GUEST,
  DeadLink,
  isFatal,
  LinkCard,
  MailedLink,
  VerificationDone,
} from "./verification";

export function VerifyGuestPage({ token }: { token: string }) {
  useTitle("Welcome");
  const [done, setDone] = useState(false);
  const isGuest = useIdentity()?.guestUntil != null;
  if (done) return <Welcome />;
  return (
    <MailedLink
      token={token}
      title="Join as a guest"
      again={AS_GUEST}
      used={isGuest ? <Welcome /> : <UsedElsewhere />}
    >
      {(status) => <Enter token={token} status={status} onDone={() => setDone(true)} />}
    </MailedLink>
  );
}

interface EnterProps {
  token: string;
  status: LinkStatus | null;
  onDone(): void;
}

function Enter({ token, status, onDone }: EnterProps) {
  const { session } = useServices();
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const task = useTask();
  if (task.problem?.code === "already_verified") return <UsedElsewhere />;
  if (task.problem && isFatal(task.problem)) {
    return <DeadLink text={task.problem.message} again={AS_GUEST} />;
  }
  const enter = async () => {
    await session.verifyGuest(token);
    onDone();
  };
  return (
    <LinkCard
      title="Join as a guest"
      status={status}
      text={`Your ${formatSpan(guestTtl)} as a guest start when you join.`}
      action="Join as a guest"
      task={task}
      use={enter}
    />
  );
}

function UsedElsewhere() {
  return (
    <DeadLink
      text="It has already been used. If your time isn’t over yet, continue in the browser where you used it."
      again={AS_GUEST}
    />
  );
}

function Welcome() {
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const [goal] = useState(keptDestination);
  return (
    <VerificationDone title="Welcome, guest" text={`You’re logged in for ${formatSpan(guestTtl)}.`}>
      <LinkAction href={goal ?? "/"} look="primary" onPress={() => keepDestination(null)}>
        {goal ? "Enter the room" : "See the rooms"}
      </LinkAction>
    </VerificationDone>
  );
}
