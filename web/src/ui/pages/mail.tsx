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

export function MailPage() {
  useTitle("Check your email");
  const email = new URLSearchParams(location.search).get("email") ?? "";
  const config = useServerConfig();
  const dev = config?.dev_mail ?? false;
  return (
    <CardPage>
      <span className="emblem">
        <MailIcon size={26} />
      </span>
      <div className="card-head">
        <h1>Check your email</h1>
        <p className="soft">
          <span>
            {email ? <SentTo email={email} dev={dev} /> : "You’ll get an email with a link."}
          </span>{" "}
          <span>
            {`${email && !dev ? "Open it" : "Open the link"} to confirm that the address is yours. It works once, for ${formatSpan(config?.verification_ttl ?? 3600)}.`}
          </span>
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
      <SendAgain email={email} dev={dev} />
      <p className="card-foot">
        Already confirmed? <TextLink href="/login">Log in</TextLink>
      </p>
    </CardPage>
  );
}

/** With `dev`, mails are not sent, but can be read on the server. */
function SentTo({ email, dev }: { email: string; dev: boolean }) {
  return (
    <span>
      <span>{dev ? "There’s an email with a link for" : "We’ve sent a link to"}</span>{" "}
      <strong>
        <Isolated>{email}</Isolated>
      </strong>
      .
    </span>
  );
}

function SendAgain({ email, dev }: { email: string; dev: boolean }) {
  const { accounts } = useServices();
  const [sent, setSent] = useState(false);
  const fields = useFields({ email }, { email: rules.email });
  const task = useTask();
  const send = async () => {
    await accounts.sendVerificationAgain(fields.values.email.trim());
    setSent(true);
  };
  const submit = () => fields.valid() && task.run(send, (problem) => fields.refuse(problem));
  return (
    <form
      className="form"
      noValidate
      onSubmit={submitting(submit)}
      aria-label="Send the email again"
    >
      {!email && (
        <Field {...fields.bind("email")} label="Email" type="email" autoComplete="email" />
      )}
      {sent && (
        <Notice tone="success">
          {`If this address still needs to be confirmed, ${dev ? "there’s another email" : "another email is on its way. Check your spam folder too"}.`}
        </Notice>
      )}
      <ProblemNotice problem={task.problem} />
      <Action type="submit" isPending={task.pending}>
        Send it again
      </Action>
    </form>
  );
}
