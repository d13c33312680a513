import { useState } from "react";
import type { LinkStatus } from "../../wire.gen";
import { Action, LinkAction } from "../button";
import { useTask } from "../form";
import { ProblemNotice } from "../notice";
import { useServices, useTitle } from "../services";
import { CardPage } from "../shell";
import {
  DeadLink,
  isFatal,
  LinkEmail,
  MailedLink,
  PROFILE,
  VerificationDone,
} from "./verification";

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
    <CardPage>
      <div className="card-head">
        <h1>Confirm your new address</h1>
        <LinkEmail status={status} />
        <p className="soft">
          This will be your account’s email address from now on. You’ll be logged out everywhere.
        </p>
      </div>
      <div className="form">
        <ProblemNotice problem={task.problem} />
        <Action look="primary" isPending={task.pending} onPress={() => task.run(confirm)}>
          Confirm my new address
        </Action>
      </div>
    </CardPage>
  );
}
