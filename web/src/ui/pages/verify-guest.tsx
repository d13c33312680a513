import { useState } from "react";
import type { LinkStatus } from "../../wire.gen";
import { keepDestination, keptDestination } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useTitle } from "../app/services";
import { LinkAction } from "../kit/button";
import { useTask } from "../kit/form";
import { useSentence, useTexts, useTimes } from "../kit/texts";
import {
  AS_GUEST,
  DeadLink,
  isFatal,
  LinkCard,
  MailedLink,
  VerificationDone,
} from "./verification";

export function VerifyGuestPage({ token }: { token: string }) {
  const t = useTexts();
  useTitle(t("guestLink.welcome"));
  const [done, setDone] = useState(false);
  const isGuest = useIdentity()?.guestUntil != null;
  if (done) return <Welcome />;
  return (
    <MailedLink
      token={token}
      title={t("app.joinAsGuest")}
      again={AS_GUEST}
      used={isGuest ? <Welcome /> : <UsedElsewhere />}
    >
      {(status) => <Enter token={token} status={status} onDone={() => setDone(true)} />}
    </MailedLink>
  );
}

interface EnterProps {
  token: string;
  status: LinkStatus | null;
  onDone(): void;
}

function Enter({ token, status, onDone }: EnterProps) {
  const t = useTexts();
  const sentence = useSentence();
  const times = useTimes();
  const { session } = useServices();
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const task = useTask();
  if (task.problem?.code === "already_verified") return <UsedElsewhere />;
  if (task.problem && isFatal(task.problem)) {
    return <DeadLink text={sentence(task.problem)} again={AS_GUEST} />;
  }
  const enter = async () => {
    await session.verifyGuest(token);
    onDone();
  };
  return (
    <LinkCard
      title={t("app.joinAsGuest")}
      status={status}
      text={t("guestLink.text", { span: times.span(guestTtl) })}
      action={t("app.joinAsGuest")}
      task={task}
      use={enter}
    />
  );
}

function UsedElsewhere() {
  const t = useTexts();
  return <DeadLink text={t("guestLink.used")} again={AS_GUEST} />;
}

function Welcome() {
  const t = useTexts();
  const times = useTimes();
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const [goal] = useState(keptDestination);
  return (
    <VerificationDone
      title={t("guestLink.done")}
      text={t("guestLink.doneText", { span: times.span(guestTtl) })}
    >
      <LinkAction href={goal ?? "/"} look="primary" onPress={() => keepDestination(null)}>
        {goal ? t("app.enterRoom") : t("app.seeRooms")}
      </LinkAction>
    </VerificationDone>
  );
}
