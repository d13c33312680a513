import { useState } from "react";
import { withBasePath } from "../../base-path";
import { formatSpan } from "../../clock";
import * as rules from "../../rules";
import { useServerConfig, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, TextLink } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { MailIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { Notice, ProblemNotice } from "../kit/notice";
import { rememberedAccount } from "./remembered-account";

export function ForgotPage() {
  useTitle("Forgot your password?");
  const [sentTo, setSentTo] = useState<string | null>(null);
  return (
    <CardPage>
      <span className="emblem">
        <MailIcon size={26} />
      </span>
      {sentTo === null ? <Ask onSent={setSentTo} /> : <Sent email={sentTo} />}
      <p className="card-foot">
        Remembered it? <TextLink href="/login">Log in</TextLink>
      </p>
    </CardPage>
  );
}

function Ask({ onSent }: { onSent(email: string): void }) {
  const { accounts } = useServices();
  const known = rememberedAccount();
  const fields = useFields({ email: known.includes("@") ? known : "" }, { email: rules.email });
  const task = useTask();
  const ask = async () => {
    const email = fields.values.email.trim();
    await accounts.forgotPassword(email);
    onSent(email);
  };
  const submit = () => fields.valid() && task.run(ask, (problem) => fields.refuse(problem));
  return (
    <>
      <div className="card-head">
        <h1>Forgot your password?</h1>
        <p className="soft">We’ll send you a link to choose a new one.</p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(submit)}
        aria-label="Forgotten password"
      >
        <Field
          {...fields.bind("email")}
          label="Email"
          type="email"
          autoComplete="email"
          autoFocus
        />
        <ProblemNotice problem={task.problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          Send me a link
        </Action>
      </form>
    </>
  );
}

function Sent({ email }: { email: string }) {
  const config = useServerConfig();
  const dev = config?.dev_mail ?? false;
  return (
    <>
      <div className="card-head" role="status">
        <h1>Check your email</h1>
        <p className="soft">
          If there’s an account for{" "}
          <strong>
            <Isolated>{email}</Isolated>
          </strong>
          <span>{dev ? ", there’s an email with a link." : ", a link is on its way."}</span>{" "}
          <span>{`It works once, for ${formatSpan(config?.password_reset_ttl ?? 1800)}.`}</span>{" "}
          <span>{dev ? "" : "Check your spam folder too."}</span>
        </p>
      </div>
      {dev && (
        <Notice>
          This server doesn’t send email yet.{" "}
          <a className="link" href={withBasePath("/dev/mail")}>
            Read its emails here
          </a>
        </Notice>
      )}
    </>
  );
}
