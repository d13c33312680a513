import { useState } from "react";
import { useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { useTask } from "../kit/form";
import { Notice, ProblemNotice } from "../kit/notice";
import { useTexts } from "../kit/texts";
import { MailedLink, NEW_PASSWORD, VerificationDone } from "./verification";

export function StopEmailPage({ token }: { token: string }) {
  const t = useTexts();
  useTitle(t("stop.title"));
  return (
    <MailedLink token={token} title={t("stop.title")} again={NEW_PASSWORD} used={<TooLate />}>
      {() => <StopEmail token={token} />}
    </MailedLink>
  );
}

function TooLate() {
  const t = useTexts();
  return (
    <CardPage>
      <div className="card-head" role="alert">
        <h1>{t("stop.tooLate")}</h1>
        <p className="soft">{t("stop.tooLateText")}</p>
      </div>
    </CardPage>
  );
}

function StopEmail({ token }: { token: string }) {
  const t = useTexts();
  const { accounts } = useServices();
  const [stopped, setStopped] = useState(false);
  const task = useTask();
  const stop = async () => {
    await accounts.stopEmailChange(token);
    setStopped(true);
  };
  if (stopped) {
    return (
      <VerificationDone title={t("stop.done")} text={t("stop.doneText")}>
        <LinkAction href="/forgot" look="primary">
          {t("link.newPassword")}
        </LinkAction>
      </VerificationDone>
    );
  }
  const status = task.problem?.status;
  const dead = status === 403 || status === 409;
  return (
    <CardPage>
      <div className="card-head">
        <h1>{t("stop.title")}</h1>
        <p className="soft">{t("stop.text")}</p>
      </div>
      {status === 403 ? (
        <Notice tone="warning">{t("stop.invalid")}</Notice>
      ) : (
        <ProblemNotice problem={task.problem} />
      )}
      {!dead && (
        <Action look="primary" isPending={task.pending} onPress={() => task.run(stop)}>
          {t("stop.submit")}
        </Action>
      )}
    </CardPage>
  );
}
