import { type ReactElement, type ReactNode, useEffect, useState } from "react";
import { Problem } from "../../problem";
import type { Sentence } from "../../rules";
import type { LinkStatus } from "../../wire.gen";
import { useServices } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import type { Task } from "../kit/form";
import { AlertIcon, CheckIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { ProblemNotice, Spinner } from "../kit/notice";
import { useSentence, useTexts } from "../kit/texts";
import { TroubleHead } from "../kit/trouble-head";

type Look =
  | { kind: "looking" }
  /** Null where the server did not answer: using the link will show its state. */
  | { kind: "known"; status: LinkStatus | null }
  | { kind: "invalid"; problem: Problem };

interface MailedLinkProps {
  token: string;
  title: string;
  /** The way to a new link, where this one does not work. */
  again: Again;
  /** Replaces the message that the link was used. */
  used?: ReactElement;
  children(status: LinkStatus | null): ReactElement;
}

/**
 * A page for a mailed link. Opening it changes nothing, since programs that scan mails open links and run scripts;
 * only pressing its button uses the link. A link that no longer works says so before anything is typed.
 */
export function MailedLink({ token, title, again, used, children }: MailedLinkProps) {
  const t = useTexts();
  const sentence = useSentence();
  const look = useLink(token);
  if (look.kind === "looking") {
    return (
      <CardPage>
        <h1>{title}</h1>
        <Spinner label={t("app.oneMoment")} />
      </CardPage>
    );
  }
  if (look.kind === "invalid") return <DeadLink text={sentence(look.problem)} again={again} />;
  const state = look.status?.state ?? "valid";
  if (state === "expired") {
    return <DeadLink text={t("link.expired")} again={again} />;
  }
  if (state === "used") {
    return used ?? <DeadLink text={t("link.used")} again={again} />;
  }
  if (state === "disabled") {
    return <DeadLink text={t("link.disabled")} />;
  }
  return children(look.status);
}

function useLink(token: string): Look {
  const { accounts } = useServices();
  const [look, setLook] = useState<Look>({ kind: "looking" });
  useEffect(() => {
    let isCurrent = true;
    const found = (next: Look) => isCurrent && setLook(next);
    accounts.link(token).then(
      (status) => found({ kind: "known", status }),
      (error) => {
        const problem = Problem.of(error);
        const isDead = problem.status === 403 || problem.status === 422;
        found(isDead ? { kind: "invalid", problem } : { kind: "known", status: null });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [accounts, token]);
  return look;
}

/** Shows the address of a link. */
export function LinkEmail({ status }: { status: LinkStatus | null }) {
  if (!status?.email) return null;
  return (
    <p>
      <strong>
        <Isolated>{status.email}</Isolated>
      </strong>
    </p>
  );
}

interface LinkCardProps {
  title: string;
  status: LinkStatus | null;
  text: string;
  /** The label of the button. */
  action: string;
  task: Task;
  use(): Promise<void>;
}

/** Explains a link and shows the button that uses it. */
export function LinkCard({ title, status, text, action, task, use }: LinkCardProps) {
  return (
    <CardPage>
      <div className="card-head">
        <h1>{title}</h1>
        <LinkEmail status={status} />
        <p className="soft">{text}</p>
      </div>
      <div className="form">
        <ProblemNotice problem={task.problem} />
        <Action look="primary" isPending={task.pending} onPress={() => task.run(use)}>
          {action}
        </Action>
      </div>
    </CardPage>
  );
}

export function VerificationDone(props: { title: string; text: string; children: ReactNode }) {
  return (
    <CardPage>
      <span className="emblem">
        <CheckIcon size={26} />
      </span>
      <div className="card-head" role="status">
        <h1>{props.title}</h1>
        <p className="soft">{props.text}</p>
      </div>
      <div className="form">{props.children}</div>
    </CardPage>
  );
}

interface Again {
  href: string;
  label: Sentence;
}

export const NEW_MAIL: Again = { href: "/mail", label: (t) => t("link.new") };
export const NEW_RESET: Again = { href: "/forgot", label: (t) => t("link.new") };
export const NEW_PASSWORD: Again = { href: "/forgot", label: (t) => t("link.newPassword") };
export const PROFILE: Again = { href: "/profile", label: (t) => t("link.profile") };
export const SIGN_UP: Again = { href: "/register", label: (t) => t("app.signUp") };
export const AS_GUEST: Again = { href: "/register?as=guest", label: (t) => t("link.new") };

/** Codes of refusals after which the same link never works. */
const FATAL = new Set(["already_verified", "invalid_verification", "user_not_found"]);

export function isFatal(problem: Problem): boolean {
  return FATAL.has(problem.code);
}

/** Without `again`, no other link would work either. */
export function DeadLink({ text, again }: { text: string; again?: Again }) {
  const t = useTexts();
  return (
    <CardPage>
      <TroubleHead icon={<AlertIcon size={26} />} title={t("link.dead")} role="alert">
        {text}
      </TroubleHead>
      <div className="form">
        {again && (
          <LinkAction href={again.href} look="primary">
            {again.label(t)}
          </LinkAction>
        )}
        <LinkAction href="/login" look="quiet">
          {t("link.goToLogin")}
        </LinkAction>
      </div>
    </CardPage>
  );
}
