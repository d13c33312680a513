import { useState } from "react";
import { Radio, RadioGroup } from "react-aria-components";
import { useLocation } from "wouter";
import { formatSpan } from "../../clock";
import { Problem } from "../../problem";
import * as rules from "../../rules";
import { keepDestination, safeDestination, withDestination } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, TextLink } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { ClockIcon, PersonIcon } from "../kit/icons";
import { ProblemNotice } from "../kit/notice";
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
  useTitle("Sign up");
  const query = new URLSearchParams(location.search);
  const destination = safeDestination(query.get("next"));
  const [kind, setKind] = useState<Kind>(query.get("as") === "guest" ? "guest" : "client");
  const config = useServerConfig();
  return (
    <CardPage roomy>
      <div className="card-head">
        <h1>Sign up</h1>
        <p className="soft">How would you like to join?</p>
      </div>
      <KindChoice kind={kind} onChange={setKind} />
      <RegistrationRule kind={kind} config={config} />
      {kind === "client" ? (
        takesRegistrations(config) && <ClientForm destination={destination} />
      ) : (
        <GuestForm destination={destination} />
      )}
      <p className="card-foot">
        Already have an account?{" "}
        <TextLink href={withDestination("/login", destination)}>Log in</TextLink>
      </p>
    </CardPage>
  );
}

function KindChoice({ kind, onChange }: { kind: Kind; onChange(kind: Kind): void }) {
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  return (
    <RadioGroup
      className="choices"
      aria-label="Kind of account"
      value={kind}
      onChange={(value) => onChange(value as Kind)}
    >
      <Radio value="client" className="choice">
        <strong>
          <PersonIcon size={18} />
          Account
        </strong>
        <span className="soft small">Keep your own name and rooms, and invite people.</span>
      </Radio>
      <Radio value="guest" className="choice">
        <strong>
          <ClockIcon size={18} />
          Guest
        </strong>
        <span className="soft small">
          {`No password, just one email. You’re in for ${formatSpan(guestTtl)}.`}
        </span>
      </Radio>
    </RadioGroup>
  );
}

function ClientForm({ destination }: { destination: string | null }) {
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
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label="Create an account">
      <Field {...fields.bind("email")} label="Email" type="email" autoComplete="email" />
      <Field
        {...fields.bind("username")}
        label="Username"
        autoComplete="username"
        hint="4 to 24 characters: letters, digits, - and _. Don’t start with a digit or -."
      />
      <Field
        {...fields.bind("displayName")}
        label="Your name (optional)"
        autoComplete="name"
        hint="What others see in calls and chats. You can use any alphabet."
      />
      <Field
        {...fields.bind("password")}
        label="Password"
        type="password"
        autoComplete="new-password"
        hint="8 to 128 characters. A short sentence works well."
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        Create account
      </Action>
    </form>
  );
}

function GuestForm({ destination }: { destination: string | null }) {
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
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label="Join as a guest">
      <Field
        {...fields.bind("email")}
        label="Email"
        type="email"
        autoComplete="email"
        hint="We’ll send you a link that lets you in."
      />
      <Field
        {...fields.bind("displayName")}
        label="Your name (optional)"
        autoComplete="name"
        hint="If you leave this empty, others see “Guest”."
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        Continue as a guest
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
  if (!field || problem.errors.length > 0) return problem;
  const { status, code, message } = problem;
  return new Problem(status, code, message, [{ field, message }]);
}
