import { useState } from "react";
import * as rules from "../../rules";
import { useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Notice, ProblemNotice } from "../kit/notice";
import { useSentence, useTexts } from "../kit/texts";
import { isFatal, MailedLink, NEW_RESET, VerificationDone } from "./verification";

export function ResetPage({ token }: { token: string }) {
  const t = useTexts();
  useTitle(t("reset.title"));
  const [done, setDone] = useState(false);
  if (!done) {
    return (
      <MailedLink token={token} title={t("reset.title")} again={NEW_RESET}>
        {() => <NewPassword token={token} onDone={() => setDone(true)} />}
      </MailedLink>
    );
  }
  return (
    <VerificationDone title={t("reset.done")} text={t("reset.doneText")}>
      <LinkAction href="/login" look="primary">
        {t("app.logIn")}
      </LinkAction>
    </VerificationDone>
  );
}

function NewPassword({ token, onDone }: { token: string; onDone(): void }) {
  const t = useTexts();
  const sentence = useSentence();
  const { accounts } = useServices();
  const fields = useFields({ password: "" }, { password: rules.password });
  const task = useTask();
  const reset = async () => {
    await accounts.resetPassword(token, fields.values.password);
    onDone();
  };
  const submit = () => fields.valid() && task.run(reset, (problem) => fields.refuse(problem));
  const dead = task.problem !== null && isFatal(task.problem) ? task.problem : null;
  return (
    <CardPage>
      <div className="card-head">
        <h1>{t("reset.title")}</h1>
        <p className="soft">{t("reset.text")}</p>
      </div>
      <form className="form" noValidate onSubmit={submitting(submit)} aria-label={t("reset.title")}>
        <Field
          {...fields.bind("password")}
          label={t("field.newPassword")}
          type="password"
          autoComplete="new-password"
          autoFocus
          hint={t("field.passwordHint")}
        />
        {dead ? (
          <Notice tone="warning">{t("reset.dead", { problem: sentence(dead) })}</Notice>
        ) : (
          <ProblemNotice problem={task.problem} />
        )}
        {dead ? (
          <LinkAction href="/forgot" look="primary">
            {t("link.new")}
          </LinkAction>
        ) : (
          <Action type="submit" look="primary" isPending={task.pending}>
            {t("reset.submit")}
          </Action>
        )}
      </form>
    </CardPage>
  );
}
