import { useState } from "react";
import * as rules from "../../rules";
import { useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Notice, ProblemNotice } from "../kit/notice";
import { isFatal, MailedLink, NEW_RESET, VerificationDone } from "./verification";

export function ResetPage({ token }: { token: string }) {
  useTitle("Choose a new password");
  const [done, setDone] = useState(false);
  if (!done) {
    return (
      <MailedLink token={token} title="Choose a new password" again={NEW_RESET}>
        {() => <NewPassword token={token} onDone={() => setDone(true)} />}
      </MailedLink>
    );
  }
  return (
    <VerificationDone
      title="Your password has been changed"
      text="You’ve been logged out everywhere. Log in with your new password."
    >
      <LinkAction href="/login" look="primary">
        Log in
      </LinkAction>
    </VerificationDone>
  );
}

function NewPassword({ token, onDone }: { token: string; onDone(): void }) {
  const { accounts } = useServices();
  const fields = useFields({ password: "" }, { password: rules.password });
  const task = useTask();
  const reset = async () => {
    await accounts.resetPassword(token, fields.values.password);
    onDone();
  };
  const submit = () => fields.valid() && task.run(reset, (problem) => fields.refuse(problem));
  const dead = task.problem !== null && isFatal(task.problem);
  return (
    <CardPage>
      <div className="card-head">
        <h1>Choose a new password</h1>
        <p className="soft">You’ll then be logged out everywhere else.</p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(submit)}
        aria-label="Choose a new password"
      >
        <Field
          {...fields.bind("password")}
          label="New password"
          type="password"
          autoComplete="new-password"
          autoFocus
          hint="8 to 128 characters. A short sentence works well."
        />
        {dead ? (
          <Notice tone="warning">
            {`${task.problem?.message} Each link works only once and for a limited time.`}
          </Notice>
        ) : (
          <ProblemNotice problem={task.problem} />
        )}
        {dead ? (
          <LinkAction href="/forgot" look="primary">
            Get a new link
          </LinkAction>
        ) : (
          <Action type="submit" look="primary" isPending={task.pending}>
            Change my password
          </Action>
        )}
      </form>
    </CardPage>
  );
}
