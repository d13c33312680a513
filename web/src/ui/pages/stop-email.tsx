import { useState } from "react";
import { useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { useTask } from "../kit/form";
import { Notice, ProblemNotice } from "../kit/notice";
import { MailedLink, NEW_PASSWORD, VerificationDone } from "./verification";

export function StopEmailPage({ token }: { token: string }) {
  useTitle("Stop your email address from being changed");
  return (
    <MailedLink
      token={token}
      title="Stop your email address from being changed"
      again={NEW_PASSWORD}
      used={<TooLate />}
    >
      {() => <StopEmail token={token} />}
    </MailedLink>
  );
}

function TooLate() {
  return (
    <CardPage>
      <div className="card-head" role="alert">
        <h1>Your address has already been changed</h1>
        <p className="soft">
          The new address has already been confirmed. If that wasn’t you, tell this server’s
          administrator.
        </p>
      </div>
    </CardPage>
  );
}

function StopEmail({ token }: { token: string }) {
  const { accounts } = useServices();
  const [stopped, setStopped] = useState(false);
  const task = useTask();
  const stop = async () => {
    await accounts.stopEmailChange(token);
    setStopped(true);
  };
  if (stopped) {
    return (
      <VerificationDone
        title="The change was stopped"
        text="Your account keeps its email address. The person who asked for the change knows your password, so choose a new one now."
      >
        <LinkAction href="/forgot" look="primary">
          Choose a new password
        </LinkAction>
      </VerificationDone>
    );
  }
  const status = task.problem?.status;
  const dead = status === 403 || status === 409;
  return (
    <CardPage>
      <div className="card-head">
        <h1>Stop your email address from being changed</h1>
        <p className="soft">Your account will keep its current address.</p>
      </div>
      {status === 403 ? (
        <Notice tone="warning">
          This link is invalid or has expired. If your address was changed without your consent,
          contact this server’s administrator.
        </Notice>
      ) : (
        <ProblemNotice problem={task.problem} />
      )}
      {!dead && (
        <Action look="primary" isPending={task.pending} onPress={() => task.run(stop)}>
          Stop the change
        </Action>
      )}
    </CardPage>
  );
}
