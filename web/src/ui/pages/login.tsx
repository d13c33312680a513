import { useState } from "react";
import { Redirect, useLocation } from "wouter";
import { required } from "../../rules";
import {
  keepDestination,
  keptDestination,
  safeDestination,
  withDestination,
} from "../app/destination";
import { useIdentity, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, TextLink } from "../kit/button";
import { Checkbox, Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Notice, ProblemNotice } from "../kit/notice";
import { rememberedAccount } from "./remembered-account";

const RULES = {
  username: required("your username or email"),
  password: required("your password"),
};

export function LoginPage() {
  useTitle("Log in");
  const identity = useIdentity();
  const destination = safeDestination(new URLSearchParams(location.search).get("next"));
  const [goal] = useState(() => destination ?? keptDestination() ?? "/");
  if (!identity) return <LoginForm destination={destination} />;
  keepDestination(null);
  return <Redirect to={goal} replace />;
}

function LoginForm({ destination }: { destination: string | null }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const [trust, setTrust] = useState(session.trusted.get());
  const fields = useFields({ username: rememberedAccount(), password: "" }, RULES);
  const task = useTask();
  const { username, password } = fields.values;
  const logIn = () =>
    fields.valid() &&
    task.run(
      () => session.logIn(username.trim(), password, trust),
      (problem) => fields.refuse(problem),
    );
  const unverified = task.problem?.code === "not_verified";
  const toMail = () =>
    navigate(username.includes("@") ? `/mail?email=${encodeURIComponent(username)}` : "/mail");
  return (
    <CardPage>
      <div className="card-head">
        <h1>Welcome back</h1>
        {destination?.startsWith("/r/") && <p className="soft">Log in to enter the room.</p>}
      </div>
      <form className="form" noValidate onSubmit={submitting(logIn)} aria-label="Log in">
        <Field
          {...fields.bind("username")}
          label="Username or email"
          autoComplete="username"
          autoFocus={!username}
        />
        <Field
          {...fields.bind("password")}
          label="Password"
          type="password"
          autoComplete="current-password"
          autoFocus={Boolean(username)}
        />
        <Checkbox
          label="Trust this computer"
          hint="Stay logged in after the browser is closed."
          isSelected={trust}
          onChange={setTrust}
        />
        {unverified ? (
          <Notice tone="warning">
            <span>{task.problem?.message}</span>{" "}
            <TextLink onPress={toMail}>I didn’t get the email</TextLink>
          </Notice>
        ) : (
          <ProblemNotice problem={task.problem} />
        )}
        <Action type="submit" look="primary" isPending={task.pending}>
          Log in
        </Action>
      </form>
      <p className="card-foot">
        <TextLink href="/forgot">Forgot your password?</TextLink>
        <br />
        New here?{" "}
        <TextLink href={withDestination("/register", destination)}>Create an account</TextLink> or{" "}
        <TextLink href={withDestination("/register?as=guest", destination)}>
          join as a guest
        </TextLink>
        .
      </p>
    </CardPage>
  );
}
