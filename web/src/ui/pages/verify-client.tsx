import { useState } from "react";
import * as rules from "../../rules";
import type { LinkStatus } from "../../wire.gen";
import { keepDestination, keptDestination } from "../app/destination";
import { useIdentity, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { ProblemNotice } from "../kit/notice";
import {
  DeadLink,
  isFatal,
  LinkEmail,
  MailedLink,
  NEW_MAIL,
  SIGN_UP,
  VerificationDone,
} from "./verification";

export function VerifyClientPage({ token }: { token: string }) {
  useTitle("Confirm your address");
  const [confirmed, setConfirmed] = useState(false);
  if (confirmed) return <Confirmed />;
  return (
    <MailedLink
      token={token}
      title="Confirm your address"
      again={NEW_MAIL}
      used={<Confirmed already />}
    >
      {(status) => <Confirm token={token} status={status} onDone={() => setConfirmed(true)} />}
    </MailedLink>
  );
}

function Confirmed({ already = false }: { already?: boolean }) {
  const isLoggedIn = useIdentity() !== null;
  const [goal] = useState(keptDestination);
  const title = already ? "Already confirmed" : "Your address is confirmed";
  if (!isLoggedIn) {
    return (
      <VerificationDone title={title} text="Your account is ready. Log in to get started.">
        <LinkAction href="/login" look="primary">
          Log in
        </LinkAction>
      </VerificationDone>
    );
  }
  return (
    <VerificationDone title={title} text="Your account is ready, and you’re logged in.">
      <LinkAction href={goal ?? "/"} look="primary" onPress={() => keepDestination(null)}>
        {goal?.startsWith("/r/") ? "Go to the room" : "See the rooms"}
      </LinkAction>
    </VerificationDone>
  );
}

const NOT_ASKED =
  "Confirm that this address is yours to finish setting up your account. If you didn’t register, close this page.";
const ASKED =
  "You didn’t register in this browser. To confirm your address, enter the password you chose when you registered. If you didn’t register, close this page.";

interface ConfirmProps {
  token: string;
  status: LinkStatus | null;
  onDone(): void;
}

/** Asks for the password where anybody could have registered the address: it proves that the owner did. */
function Confirm({ token, status, onDone }: ConfirmProps) {
  const { session } = useServices();
  const fields = useFields({ password: "" }, { password: rules.required("your password") });
  const task = useTask();
  const { problem } = task;
  const unproven = problem?.code === "registration_not_proven";
  const [asked, setAsked] = useState(status?.password_needed ?? false);
  if (problem?.code === "already_verified") return <Confirmed already />;
  if (problem && isFatal(problem)) {
    return <DeadLink text={problem.message} again={problem.status === 404 ? SIGN_UP : NEW_MAIL} />;
  }
  if (problem?.code === "username_taken") {
    return <DeadLink text={problem.message} again={SIGN_UP} />;
  }
  if (unproven && !asked) setAsked(true);
  const confirm = async () => {
    await session.verifyClient(token, asked ? fields.values.password : null);
    onDone();
  };
  const submit = () =>
    (!asked || fields.valid()) && task.run(confirm, (refused) => fields.refuse(refused));
  return (
    <CardPage>
      <div className="card-head">
        <h1>{asked ? "Enter your password" : "Confirm your address"}</h1>
        <LinkEmail status={status} />
        <p className="soft">{asked ? ASKED : NOT_ASKED}</p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(submit)}
        aria-label="Confirm your address"
      >
        {asked && (
          <Field
            {...fields.bind("password")}
            label="Password"
            type="password"
            autoComplete="current-password"
            autoFocus
          />
        )}
        <ProblemNotice problem={unproven ? null : problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          Confirm my address
        </Action>
      </form>
    </CardPage>
  );
}
