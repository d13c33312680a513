import { useState } from "react";
import type { LinkStatus } from "../../wire.gen";
import { useServices, useTitle } from "../app/services";
import { LinkAction } from "../kit/button";
import { useTask } from "../kit/form";
import { useSentence, useTexts } from "../kit/texts";
import { DeadLink, isFatal, LinkCard, MailedLink, PROFILE, VerificationDone } from "./verification";

export function VerifyEmailPage({ token }: { token: string }) {
  const t = useTexts();
  useTitle(t("newEmail.title"));
  const [done, setDone] = useState(false);
  if (!done) {
    return (
      <MailedLink token={token} title={t("newEmail.title")} again={PROFILE}>
        {(status) => <Confirm token={token} status={status} onDone={() => setDone(true)} />}
      </MailedLink>
    );
  }
  return (
    <VerificationDone title={t("newEmail.done")} text={t("newEmail.doneText")}>
      <LinkAction href="/login" look="primary">
        {t("app.logIn")}
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
  const t = useTexts();
  const sentence = useSentence();
  const { accounts } = useServices();
  const task = useTask();
  if (task.problem && isFatal(task.problem))
    return <DeadLink text={sentence(task.problem)} again={PROFILE} />;
  const confirm = async () => {
    await accounts.verifyEmail(token);
    onDone();
  };
  return (
    <LinkCard
      title={t("newEmail.title")}
      status={status}
      text={t("newEmail.text")}
      action={t("newEmail.submit")}
      task={task}
      use={confirm}
    />
  );
}
