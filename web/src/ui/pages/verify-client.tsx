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
import { useSentence, useTexts } from "../kit/texts";
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
  const t = useTexts();
  useTitle(t("confirm.title"));
  const [confirmed, setConfirmed] = useState(false);
  if (confirmed) return <Confirmed />;
  return (
    <MailedLink
      token={token}
      title={t("confirm.title")}
      again={NEW_MAIL}
      used={<Confirmed already />}
    >
      {(status) => <Confirm token={token} status={status} onDone={() => setConfirmed(true)} />}
    </MailedLink>
  );
}

function Confirmed({ already = false }: { already?: boolean }) {
  const t = useTexts();
  const isLoggedIn = useIdentity() !== null;
  const [goal] = useState(keptDestination);
  const title = already ? t("confirm.already") : t("confirm.done");
  if (!isLoggedIn) {
    return (
      <VerificationDone title={title} text={t("confirm.doneText")}>
        <LinkAction href="/login" look="primary">
          {t("app.logIn")}
        </LinkAction>
      </VerificationDone>
    );
  }
  return (
    <VerificationDone title={title} text={t("confirm.loggedIn")}>
      <LinkAction href={goal ?? "/"} look="primary" onPress={() => keepDestination(null)}>
        {goal?.startsWith("/r/") ? t("confirm.toRoom") : t("app.seeRooms")}
      </LinkAction>
    </VerificationDone>
  );
}

interface ConfirmProps {
  token: string;
  status: LinkStatus | null;
  onDone(): void;
}

/** Asks for the password where anybody could have registered the address: it proves that the owner did. */
function Confirm({ token, status, onDone }: ConfirmProps) {
  const t = useTexts();
  const sentence = useSentence();
  const { session } = useServices();
  const fields = useFields({ password: "" }, { password: rules.presentPassword });
  const task = useTask();
  const { problem } = task;
  const unproven = problem?.code === "registration_not_proven";
  const [asked, setAsked] = useState(status?.password_needed ?? false);
  if (problem?.code === "already_verified") return <Confirmed already />;
  if (problem && isFatal(problem)) {
    return (
      <DeadLink text={sentence(problem)} again={problem.status === 404 ? SIGN_UP : NEW_MAIL} />
    );
  }
  if (problem?.code === "username_taken") {
    return <DeadLink text={sentence(problem)} again={SIGN_UP} />;
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
        <h1>{asked ? t("confirm.passwordTitle") : t("confirm.title")}</h1>
        <LinkEmail status={status} />
        <p className="soft">{asked ? t("confirm.passwordText") : t("confirm.text")}</p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(submit)}
        aria-label={t("confirm.title")}
      >
        {asked && (
          <Field
            {...fields.bind("password")}
            label={t("field.password")}
            type="password"
            autoComplete="current-password"
            autoFocus
          />
        )}
        <ProblemNotice problem={unproven ? null : problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          {t("confirm.submit")}
        </Action>
      </form>
    </CardPage>
  );
}
