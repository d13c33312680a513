import { useState } from "react";
import { Radio, RadioGroup } from "react-aria-components";
import { useLocation } from "wouter";
import type { Problem } from "../../problem";
import * as rules from "../../rules";
import { keepDestination, safeDestination, withDestination } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, TextLink } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { ClockIcon, PersonIcon } from "../kit/icons";
import { ProblemNotice } from "../kit/notice";
import { Rich, useTexts, useTimes } from "../kit/texts";
import { RegistrationRule, takesRegistrations } from "./registration-rule";
import { rememberAccount } from "./remembered-account";

type Kind = "client" | "guest";

const CLIENT_RULES = {
  email: rules.email,
  username: rules.username,
  password: rules.password,
  displayName: rules.displayName,
};

export function RegisterPage() {
  const t = useTexts();
  useTitle(t("app.signUp"));
  const query = new URLSearchParams(location.search);
  const destination = safeDestination(query.get("next"));
  const [kind, setKind] = useState<Kind>(query.get("as") === "guest" ? "guest" : "client");
  const config = useServerConfig();
  return (
    <CardPage roomy>
      <div className="card-head">
        <h1>{t("app.signUp")}</h1>
        <p className="soft">{t("register.how")}</p>
      </div>
      <KindChoice kind={kind} onChange={setKind} />
      <RegistrationRule kind={kind} config={config} />
      {kind === "client" ? (
        takesRegistrations(config) && <ClientForm destination={destination} />
      ) : (
        <GuestForm destination={destination} />
      )}
      <p className="card-foot">
        <Rich
          text="register.haveAccount"
          login={(text) => (
            <TextLink href={withDestination("/login", destination)}>{text}</TextLink>
          )}
        />
      </p>
    </CardPage>
  );
}

function KindChoice({ kind, onChange }: { kind: Kind; onChange(kind: Kind): void }) {
  const t = useTexts();
  const times = useTimes();
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  return (
    <RadioGroup
      className="choices"
      aria-label={t("register.kind")}
      value={kind}
      onChange={(value) => onChange(value as Kind)}
    >
      <Radio value="client" className="choice">
        <strong>
          <PersonIcon size={18} />
          <span>{t("register.client")}</span>
        </strong>
        <span className="soft small">{t("register.clientHint")}</span>
      </Radio>
      <Radio value="guest" className="choice">
        <strong>
          <ClockIcon size={18} />
          <span>{t("app.guest")}</span>
        </strong>
        <span className="soft small">
          {t("register.guestHint", { span: times.span(guestTtl) })}
        </span>
      </Radio>
    </RadioGroup>
  );
}

function ClientForm({ destination }: { destination: string | null }) {
  const t = useTexts();
  const { accounts } = useServices();
  const [, navigate] = useLocation();
  // A guest becomes a client by registering with the same address.
  const email = useIdentity()?.email ?? "";
  const fields = useFields({ email, username: "", password: "", displayName: "" }, CLIENT_RULES);
  const task = useTask();
  const register = async () => {
    const { email, username, password } = fields.values;
    const displayName = fields.values.displayName.trim() || null;
    await accounts.registerClient({ email: email.trim(), username, password, displayName });
    rememberAccount(username);
    keepDestination(destination);
    navigate(`/mail?email=${encodeURIComponent(email.trim())}`);
  };
  const submit = () =>
    fields.valid() && task.run(register, (problem) => fields.refuse(withField(problem)));
  return (
    <form
      className="form"
      noValidate
      onSubmit={submitting(submit)}
      aria-label={t("app.createAccount")}
    >
      <Field {...fields.bind("email")} label={t("field.email")} type="email" autoComplete="email" />
      <Field
        {...fields.bind("username")}
        label={t("field.username")}
        autoComplete="username"
        hint={t("register.usernameHint")}
      />
      <Field
        {...fields.bind("displayName")}
        label={t("field.nameOptional")}
        autoComplete="name"
        hint={t("register.nameHint")}
      />
      <Field
        {...fields.bind("password")}
        label={t("field.password")}
        type="password"
        autoComplete="new-password"
        hint={t("field.passwordHint")}
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        {t("register.submit")}
      </Action>
    </form>
  );
}

function GuestForm({ destination }: { destination: string | null }) {
  const t = useTexts();
  const { accounts } = useServices();
  const [, navigate] = useLocation();
  const fields = useFields(
    { email: "", displayName: "" },
    { email: rules.email, displayName: rules.displayName },
  );
  const task = useTask();
  const register = async () => {
    const email = fields.values.email.trim();
    await accounts.registerGuest(email, fields.values.displayName.trim() || null);
    keepDestination(destination);
    navigate(`/mail?email=${encodeURIComponent(email)}&as=guest`);
  };
  const submit = () =>
    fields.valid() && task.run(register, (problem) => fields.refuse(withField(problem)));
  return (
    <form
      className="form"
      noValidate
      onSubmit={submitting(submit)}
      aria-label={t("app.joinAsGuest")}
    >
      <Field
        {...fields.bind("email")}
        label={t("field.email")}
        type="email"
        autoComplete="email"
        hint={t("register.emailHint")}
      />
      <Field
        {...fields.bind("displayName")}
        label={t("field.nameOptional")}
        autoComplete="name"
        hint={t("field.guestNameHint")}
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        {t("register.submitGuest")}
      </Action>
    </form>
  );
}

const FIELDS: Record<string, string> = {
  email_taken: "email",
  username_taken: "username",
  email_domain_not_allowed: "email",
  invitation_required: "email",
};

/** The field of each refusal, which names it by its code alone. */
function withField(problem: Problem): Problem {
  const field = FIELDS[problem.code];
  return field && problem.errors.length === 0 ? problem.at(field) : problem;
}
