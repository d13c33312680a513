import { useState } from "react";
import { Redirect, useLocation } from "wouter";
import * as rules from "../../rules";
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
import { Rich, useSentence, useTexts } from "../kit/texts";
import { rememberedAccount } from "./remembered-account";

const RULES = {
  username: rules.account,
  password: rules.presentPassword,
};

export function LoginPage() {
  const t = useTexts();
  useTitle(t("app.logIn"));
  const identity = useIdentity();
  const destination = safeDestination(new URLSearchParams(location.search).get("next"));
  const [goal] = useState(() => destination ?? keptDestination() ?? "/");
  if (!identity) return <LoginForm destination={destination} />;
  keepDestination(null);
  return <Redirect to={goal} replace />;
}

function LoginForm({ destination }: { destination: string | null }) {
  const t = useTexts();
  const sentence = useSentence();
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
  const unverified = task.problem?.code === "not_verified" ? task.problem : null;
  const toMail = () =>
    navigate(username.includes("@") ? `/mail?email=${encodeURIComponent(username)}` : "/mail");
  return (
    <CardPage>
      <div className="card-head">
        <h1>{t("login.title")}</h1>
        {destination?.startsWith("/r/") && <p className="soft">{t("login.toRoom")}</p>}
      </div>
      <form className="form" noValidate onSubmit={submitting(logIn)} aria-label={t("app.logIn")}>
        <Field
          {...fields.bind("username")}
          label={t("login.account")}
          autoComplete="username"
          autoFocus={!username}
        />
        <Field
          {...fields.bind("password")}
          label={t("field.password")}
          type="password"
          autoComplete="current-password"
          autoFocus={Boolean(username)}
        />
        <Checkbox
          label={t("login.trust")}
          hint={t("login.trustHint")}
          isSelected={trust}
          onChange={setTrust}
        />
        {unverified ? (
          <Notice tone="warning">
            <span>{sentence(unverified)}</span>{" "}
            <TextLink onPress={toMail}>{t("login.noMail")}</TextLink>
          </Notice>
        ) : (
          <ProblemNotice problem={task.problem} />
        )}
        <Action type="submit" look="primary" isPending={task.pending}>
          {t("app.logIn")}
        </Action>
      </form>
      <p className="card-foot">
        <TextLink href="/forgot">{t("login.forgot")}</TextLink>
        <br />
        <Rich
          text="login.newHere"
          register={(text) => (
            <TextLink href={withDestination("/register", destination)}>{text}</TextLink>
          )}
          guest={(text) => (
            <TextLink href={withDestination("/register?as=guest", destination)}>{text}</TextLink>
          )}
        />
      </p>
    </CardPage>
  );
}
