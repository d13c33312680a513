import { useCallback, useEffect, useState } from "react";
import type { InvitationEntry, InvitationOutcome } from "../../wire.gen";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { EmailsField, takeTyped } from "../kit/emails-field";
import { submitting, useTask } from "../kit/form";
import { Isolated } from "../kit/isolated";
import { Modal } from "../kit/modal";
import { Notice, ProblemNotice } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import type { RoomFacts } from "./admission";
import { useCallTexts } from "./texts";

interface InviteDialogProps {
  room: RoomFacts;
  isOpen: boolean;
  onClose(): void;
}

export function InviteDialog({ room, isOpen, onClose }: InviteDialogProps) {
  const t = useCallTexts();
  return (
    <Modal title={t("call.invite.title")} isOpen={isOpen} onClose={onClose}>
      <Inviting room={room} />
    </Modal>
  );
}

function Inviting({ room }: { room: RoomFacts }) {
  const t = useCallTexts();
  const { api } = useServices();
  const [emails, setEmails] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const [outcome, setOutcome] = useState<InvitationOutcome | null>(null);
  const task = useTask();
  const { invitations, reload } = useInvitations(room.name);
  const wanted = takeTyped(emails, typed);
  const invite = async () => {
    const result = await api.invite(room.name, wanted);
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
        aria-label={t("call.invite.title")}
      >
        <EmailsField
          label={t("call.invite.addresses")}
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
          {t("call.invite.send")}
        </Action>
      </form>
      {invitations.length > 0 && (
        <section aria-label={t("call.invite.soFar")}>
          <h3>{t("call.invite.soFar")}</h3>
          <ul className="table-list">
            {invitations.map(({ email, username, displayName }) => (
              <li key={email}>
                <span className="grow">
                  <Isolated>{email}</Isolated>
                </span>
                {(username || displayName) && (
                  <span className="badge">
                    <PersonName username={username ?? t("app.guest")} displayName={displayName} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Outcome({ outcome: { invited, rejected } }: { outcome: InvitationOutcome }) {
  const t = useCallTexts();
  return (
    <>
      {invited.length > 0 && (
        <Notice tone="success">
          {t("call.invite.invited", { addresses: invited.join(", ") })}
        </Notice>
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
