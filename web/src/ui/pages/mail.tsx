import { useState } from "react";
import { withBasePath } from "../../base-path";
import * as rules from "../../rules";
import { useServerConfig, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, TextLink } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { MailIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { Notice, ProblemNotice } from "../kit/notice";
import { Rich, useTexts, useTimes } from "../kit/texts";

export function MailPage() {
  const t = useTexts();
  const times = useTimes();
  useTitle(t("mail.title"));
  const email = new URLSearchParams(location.search).get("email") ?? "";
  const config = useServerConfig();
  const dev = config?.dev_mail ?? false;
  const span = times.span(config?.verification_ttl ?? 3600);
  return (
    <CardPage>
      <span className="emblem">
        <MailIcon size={26} />
      </span>
      <div className="card-head">
        <h1>{t("mail.title")}</h1>
        <p className="soft">
          {email ? (
            <Rich
              text={dev ? "mail.keptFor" : "mail.sentTo"}
              email={
                <strong>
                  <Isolated>{email}</Isolated>
                </strong>
              }
              span={<span>{span}</span>}
            />
          ) : (
            <span>{t("mail.text", { span })}</span>
          )}
        </p>
      </div>
      {dev && (
        <Notice>
          <Rich
            text="mail.notSent"
            link={(text) => (
              <a className="link" href={withBasePath("/dev/mail")}>
                {text}
              </a>
            )}
          />
        </Notice>
      )}
      <SendAgain email={email} dev={dev} />
      <p className="card-foot">
        <Rich text="mail.confirmed" login={(text) => <TextLink href="/login">{text}</TextLink>} />
      </p>
    </CardPage>
  );
}

/** With `dev`, mails are not sent, but can be read on the server. */
function SendAgain({ email, dev }: { email: string; dev: boolean }) {
  const t = useTexts();
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
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label={t("mail.form")}>
      {!email && (
        <Field
          {...fields.bind("email")}
          label={t("field.email")}
          type="email"
          autoComplete="email"
        />
      )}
      {sent && <Notice tone="success">{dev ? t("mail.keptAgain") : t("mail.sentAgain")}</Notice>}
      <ProblemNotice problem={task.problem} />
      <Action type="submit" isPending={task.pending}>
        {t("mail.again")}
      </Action>
    </form>
  );
}
