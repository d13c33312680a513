import { useState } from "react";
import type { Problem } from "../../problem";
import * as rules from "../../rules";
import { Action, LinkAction } from "../button";
import { Field } from "../field";
import { submitting, useFields, useTask } from "../form";
import { ProblemNotice } from "../notice";
import { useServices, useTitle } from "../services";
import { CardPage } from "../shell";
import {
  useVerification,
  VerificationDone,
  VerificationRefused,
  VerificationWorking,
} from "./verification";

export function VerifyClientPage({ token }: { token: string }) {
  useTitle("Confirm your address");
  const { accounts } = useServices();
  const state = useVerification(() => accounts.verifyClient(token));
  const [confirmed, setConfirmed] = useState(false);
  if (state.kind === "working") return <VerificationWorking />;
  if (state.kind === "done" || confirmed) return <Confirmed />;
  if (state.problem.code === "registration_not_proven") {
    return <PasswordAsked token={token} onDone={() => setConfirmed(true)} />;
  }
  return <Refused problem={state.problem} />;
}

function Confirmed({ already = false }: { already?: boolean }) {
  return (
    <VerificationDone
      title={already ? "Already confirmed" : "Your address is confirmed"}
      text="Your account is ready. Log in to begin."
    >
      <LinkAction href="/login" look="primary">
        Log in
      </LinkAction>
    </VerificationDone>
  );
}

function Refused({ problem }: { problem: Problem }) {
  if (problem.code === "already_verified") return <Confirmed already />;
  return (
    <VerificationRefused problem={problem} again={problem.status === 403 ? "/mail" : "/register"} />
  );
}

const DEAD = new Set([
  "already_verified",
  "invalid_verification",
  "user_not_found",
  "username_taken",
]);

/** Anybody can register any address: the password tells that it was the owner who did. */
function PasswordAsked({ token, onDone }: { token: string; onDone(): void }) {
  const { accounts } = useServices();
  const fields = useFields({ password: "" }, { password: rules.required("your password") });
  const task = useTask();
  const { problem } = task;
  if (problem && DEAD.has(problem.code)) return <Refused problem={problem} />;
  const confirm = async () => {
    await accounts.verifyClient(token, fields.values.password);
    onDone();
  };
  const submit = () => fields.valid() && task.run(confirm, (refused) => fields.refuse(refused));
  return (
    <CardPage>
      <div className="card-head">
        <h1>Enter your password</h1>
        <p className="soft">
          You didn’t register in this browser. Enter the password that you chose when you
          registered, and your address is confirmed. If you didn’t register, close this page.
        </p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(submit)}
        aria-label="Confirm your address"
      >
        <Field
          {...fields.bind("password")}
          label="Password"
          type="password"
          autoComplete="current-password"
          autoFocus
        />
        <ProblemNotice problem={problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          Confirm my address
        </Action>
      </form>
    </CardPage>
  );
}
