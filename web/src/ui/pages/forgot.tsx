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
import { rememberedAccount } from "./remembered-account";

export function ForgotPage() {
  const t = useTexts();
  useTitle(t("forgot.title"));
  const [sentTo, setSentTo] = useState<string | null>(null);
  return (
    <CardPage>
      <span className="emblem">
        <MailIcon size={26} />
      </span>
      {sentTo === null ? <Ask onSent={setSentTo} /> : <Sent email={sentTo} />}
      <p className="card-foot">
        <Rich
          text="forgot.remembered"
          login={(text) => <TextLink href="/login">{text}</TextLink>}
        />
      </p>
    </CardPage>
  );
}

function Ask({ onSent }: { onSent(email: string): void }) {
  const t = useTexts();
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
        <h1>{t("forgot.title")}</h1>
        <p className="soft">{t("forgot.text")}</p>
      </div>
      <form className="form" noValidate onSubmit={submitting(submit)} aria-label={t("forgot.form")}>
        <Field
          {...fields.bind("email")}
          label={t("field.email")}
          type="email"
          autoComplete="email"
          autoFocus
        />
        <ProblemNotice problem={task.problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          {t("forgot.submit")}
        </Action>
      </form>
    </>
  );
}

function Sent({ email }: { email: string }) {
  const t = useTexts();
  const times = useTimes();
  const config = useServerConfig();
  const dev = config?.dev_mail ?? false;
  return (
    <>
      <div className="card-head" role="status">
        <h1>{t("mail.title")}</h1>
        <p className="soft">
          <Rich
            text={dev ? "forgot.kept" : "forgot.sent"}
            email={
              <strong>
                <Isolated>{email}</Isolated>
              </strong>
            }
            span={<span>{times.span(config?.password_reset_ttl ?? 1800)}</span>}
          />
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
    </>
  );
}
