import { type ReactNode, useEffect, useRef, useState } from "react";
import { Problem } from "../../problem";
import { LinkAction } from "../button";
import { AlertIcon, CheckIcon } from "../icons";
import { Spinner } from "../notice";
import { CardPage } from "../shell";

export type Verification<T> =
  | { kind: "working" }
  | { kind: "done"; answer: T }
  | { kind: "refused"; problem: Problem };

/** A link works once, so it is used once, however often the page is drawn. */
export function useVerification<T>(verify: () => Promise<T>): Verification<T> {
  const [state, setState] = useState<Verification<T>>({ kind: "working" });
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    verify().then(
      (answer) => setState({ kind: "done", answer }),
      (error) => setState({ kind: "refused", problem: Problem.of(error) }),
    );
  });
  return state;
}

export function VerificationWorking() {
  return (
    <CardPage>
      <h1>Confirming your address</h1>
      <Spinner label="One moment…" />
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

const NEXT_STEPS: Record<number, string> = {
  403: "Each link works once and for a limited time.",
  404: "The account that it belonged to does not exist any more. You can sign up anew.",
  409: "If your time is not over yet, go on in the window in which you opened it before.",
};

export function VerificationRefused({ problem, again }: { problem: Problem; again: string }) {
  return (
    <CardPage>
      <span className="emblem warm">
        <AlertIcon size={26} />
      </span>
      <div className="card-head" role="alert">
        <h1>This link does not work</h1>
        <p className="soft">{problem.message}</p>
        <p className="soft">{NEXT_STEPS[problem.status]}</p>
      </div>
      <div className="form">
        <LinkAction href={again} look="primary">
          {again === "/mail" ? "Get a new link" : "Sign up"}
        </LinkAction>
        <LinkAction href="/login" look="quiet">
          Go to the login
        </LinkAction>
      </div>
    </CardPage>
  );
}
