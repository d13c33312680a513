import { useState } from "react";
import type { LinkStatus } from "../../wire.gen";
import { useServices, useTitle } from "../app/services";
import { LinkAction } from "../kit/button";
import { useTask } from "../kit/form";
import { DeadLink, isFatal, LinkCard, MailedLink, PROFILE, VerificationDone } from "./verification";

export function VerifyEmailPage({ token }: { token: string }) {
  useTitle("Confirm your new address");
  const [done, setDone] = useState(false);
  if (!done) {
    return (
      <MailedLink token={token} title="Confirm your new address" again={PROFILE}>
        {(status) => <Confirm token={token} status={status} onDone={() => setDone(true)} />}
      </MailedLink>
    );
  }
  return (
    <VerificationDone
      title="Your new address is confirmed"
      text="Emails will go there from now on. You’ve been logged out everywhere; please log in again."
    >
      <LinkAction href="/login" look="primary">
        Log in
      </LinkAction>
    </VerificationDone>
  );
}

interface ConfirmProps {
  token: string;
  status: LinkStatus | null;
  onDone(): void;
}

function Confirm({ token, status, onDone }: ConfirmProps) {
  const { accounts } = useServices();
  const task = useTask();
  if (task.problem && isFatal(task.problem))
    return <DeadLink text={task.problem.message} again={PROFILE} />;
  const confirm = async () => {
    await accounts.verifyEmail(token);
    onDone();
  };
  return (
    <LinkCard
      title="Confirm your new address"
      status={status}
      text="This will be your account’s email address from now on. You’ll be logged out everywhere."
      action="Confirm my new address"
      task={task}
      use={confirm}
    />
  );
}
