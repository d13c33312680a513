import { useCallback, useEffect, useState } from "react";
import type { InvitationEntry, InvitationOutcome } from "../../wire.gen";
import { Action } from "../kit/button";
import { EmailsField, takeTyped } from "../kit/emails-field";
import { submitting, useTask } from "../kit/form";
import { Isolated } from "../kit/isolated";
import { Notice, ProblemNotice } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import { useTexts } from "../kit/texts";
import { toast } from "../kit/toast";
import { useServices } from "./services";

/** Invites people to a room, and lists who is invited, for its creator. */
export function Inviting({ room }: { room: string }) {
  const t = useTexts();
  const { api } = useServices();
  const [emails, setEmails] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const [outcome, setOutcome] = useState<InvitationOutcome | null>(null);
  const task = useTask();
  const { invitations, reload } = useInvitations(room);
  const wanted = takeTyped(emails, typed);
  const invite = async () => {
    const result = await api.invite(room, wanted);
    setOutcome(result);
    setEmails([]);
    setTyped(result.rejected.join(", "));
    await reload();
  };
  return (
    <>
      <form
        className="form"
        noValidate
        onSubmit={submitting(() => wanted.length > 0 && task.run(invite))}
        aria-label={t("invite.title")}
      >
        <EmailsField
          label={t("invite.addresses")}
          emails={emails}
          onChange={setEmails}
          typed={typed}
          onType={setTyped}
        />
        {outcome && <Outcome outcome={outcome} />}
        <ProblemNotice problem={task.problem} />
        <Action
          type="submit"
          look="primary"
          isPending={task.pending}
          isDisabled={wanted.length === 0}
        >
          {t("invite.send")}
        </Action>
      </form>
      {invitations.length > 0 && (
        <section aria-label={t("invite.soFar")}>
          <h3>{t("invite.soFar")}</h3>
          <ul className="table-list">
            {invitations.map((invitation) => (
              <li key={invitation.email}>
                <Invitation room={room} invitation={invitation} onTakenBack={reload} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

interface InvitationProps {
  room: string;
  invitation: InvitationEntry;
  onTakenBack(): Promise<void>;
}

/**
 * Taking back is asked once more, in the same place. The buttons stay enabled meanwhile: a disabled one would lose
 * the focus, and the dialog its keys.
 */
function Invitation({ room, invitation, onTakenBack }: InvitationProps) {
  const { email, username, displayName } = invitation;
  const t = useTexts();
  const { api } = useServices();
  const [isAsking, setAsking] = useState(false);
  const task = useTask();
  const sendAgain = async () => {
    await api.invite(room, [email]);
    toast(t("invite.sentAgain", { email }));
  };
  const takeBack = async () => {
    await api.takeBackInvitation(room, email);
    await onTakenBack();
  };
  return (
    <>
      <span className="grow">
        <Isolated>{email}</Isolated>
      </span>
      {(username || displayName) && (
        <span className="badge">
          <PersonName username={username ?? t("app.guest")} displayName={displayName} />
        </span>
      )}
      <Action
        look="quiet"
        className="compact"
        aria-label={t("invite.sendAgainTo", { email })}
        onPress={() => task.run(sendAgain)}
      >
        {t("invite.sendAgain")}
      </Action>
      <Action
        look={isAsking ? "danger" : "quiet"}
        className="compact"
        aria-label={t(isAsking ? "invite.reallyTakeBackFrom" : "invite.takeBackFrom", { email })}
        onBlur={() => setAsking(false)}
        onPress={() => (isAsking ? void task.run(takeBack) : setAsking(true))}
      >
        {t(isAsking ? "invite.reallyTakeBack" : "invite.takeBack")}
      </Action>
      <ProblemNotice problem={task.problem} />
    </>
  );
}

function Outcome({ outcome: { invited, rejected } }: { outcome: InvitationOutcome }) {
  const t = useTexts();
  return (
    <>
      {invited.length > 0 && (
        <Notice tone="success">{t("invite.invited", { addresses: invited.join(", ") })}</Notice>
      )}
      {rejected.length > 0 && (
        <Notice tone="warning">{t("addresses.invalid", { addresses: rejected.join(", ") })}</Notice>
      )}
    </>
  );
}

function useInvitations(room: string) {
  const { api } = useServices();
  const [invitations, setInvitations] = useState<InvitationEntry[]>([]);
  const reload = useCallback(async () => {
    setInvitations(await api.invitations(room).catch(() => []));
  }, [api, room]);
  useEffect(() => void reload(), [reload]);
  return { invitations, reload };
}
