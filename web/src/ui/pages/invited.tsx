import { useEffect, useState } from "react";
import { Problem } from "../../problem";
import * as rules from "../../rules";
import type { InvitationSummary } from "../../wire.gen";
import { roomPath, withDestination } from "../app/destination";
import { EventTimeLine } from "../app/event-time";
import { useServerConfig, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Isolated } from "../kit/isolated";
import { ProblemNotice, Spinner } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import { Rich, useTexts, useTimes } from "../kit/texts";

type Look =
  | { kind: "looking" }
  | { kind: "known"; invitation: InvitationSummary }
  | { kind: "refused"; problem: Problem };

/** The page for a person who has followed the link of an invitation without being logged in. */
export function InvitedPage({ token, room }: { token: string; room: string }) {
  const t = useTexts();
  useTitle(t("invited.title"));
  const { accounts } = useServices();
  const [look, setLook] = useState<Look>({ kind: "looking" });
  useEffect(() => {
    let isCurrent = true;
    accounts.invitation(token).then(
      (invitation) => isCurrent && setLook({ kind: "known", invitation }),
      (error) => isCurrent && setLook({ kind: "refused", problem: Problem.of(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [accounts, token]);
  switch (look.kind) {
    case "looking":
      return (
        <CardPage>
          <h1>{t("invited.title")}</h1>
          <Spinner label={t("app.oneMoment")} />
        </CardPage>
      );
    case "known":
      return <Invitation token={token} invitation={look.invitation} />;
    case "refused":
      return (
        <CardPage>
          <div className="card-head">
            <h1>{t("invited.over")}</h1>
            <p className="soft">{t("invited.overText")}</p>
          </div>
          <OtherWays room={room} />
        </CardPage>
      );
  }
}

interface InvitationProps {
  token: string;
  invitation: InvitationSummary;
}

function Invitation({ token, invitation }: InvitationProps) {
  const t = useTexts();
  const times = useTimes();
  const { session } = useServices();
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const fields = useFields({ displayName: "" }, { displayName: rules.displayName });
  const task = useTask();
  const { room, inviter, inviterDisplayName, email, event, has_account: hasAccount } = invitation;
  const join = async () => {
    await session.joinByInvitation(token, fields.values.displayName.trim() || null);
    history.replaceState(history.state, "", location.pathname); // the token has done its work
  };
  const submit = () => fields.valid() && task.run(join, fields.refuse);
  return (
    <CardPage>
      <div className="card-head">
        <h1>
          <Isolated>{room}</Isolated>
        </h1>
        <p>
          <Rich
            text={event ? "invited.toEvent" : "invited.toRoom"}
            inviter={<PersonName username={inviter} displayName={inviterDisplayName} />}
          />
        </p>
        <EventTimeLine time={invitation} />
        <p className="soft small">
          <Rich text="invited.for" email={<Isolated>{email}</Isolated>} />
        </p>
      </div>
      <ProblemNotice problem={task.problem} />
      {hasAccount ? (
        <LinkAction href={withDestination("/login", roomPath(room))} look="primary">
          {t("app.logIn")}
        </LinkAction>
      ) : (
        <form
          className="form"
          noValidate
          onSubmit={submitting(submit)}
          aria-label={t("app.joinAsGuest")}
        >
          <Field
            {...fields.bind("displayName")}
            label={t("field.nameOptional")}
            autoComplete="name"
            hint={t("field.guestNameHint")}
          />
          <Action type="submit" look="primary" isPending={task.pending}>
            {t("app.joinAsGuest")}
          </Action>
          <p className="soft small">{t("invited.stay", { span: times.span(guestTtl) })}</p>
          <LinkAction href={withDestination("/login", roomPath(room))} look="quiet">
            {t("invited.logIn")}
          </LinkAction>
        </form>
      )}
    </CardPage>
  );
}

function OtherWays({ room }: { room: string }) {
  const t = useTexts();
  return (
    <div className="form">
      <LinkAction href={withDestination("/login", roomPath(room))} look="primary">
        {t("app.logIn")}
      </LinkAction>
      <LinkAction href={withDestination("/register?as=guest", roomPath(room))} look="quiet">
        {t("app.joinAsGuest")}
      </LinkAction>
    </div>
  );
}
