import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useLocation } from "wouter";
import type { Identity } from "../../session";
import { GuestTimer } from "../app/guest-timer";
import { LanguageMenu } from "../app/language-menu";
import { useIdentity, useServices, useStore, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { chooseTheme, type Theme, theme } from "../app/theme";
import { Avatar } from "../kit/avatar";
import { Action, TextLink } from "../kit/button";
import { Switch } from "../kit/field";
import { useTask } from "../kit/form";
import { Isolated } from "../kit/isolated";
import { ProblemNotice } from "../kit/notice";
import { shownName } from "../kit/person-name";
import { Rich, useTexts } from "../kit/texts";
import { AccountCare } from "./account-care";
import { DisplayNameForm } from "./display-name";
import { SessionList } from "./session-list";

export function ProfilePage() {
  const t = useTexts();
  useTitle(t("app.profile"));
  const identity = useIdentity();
  return identity && <Profile identity={identity} />;
}

function Profile({ identity }: { identity: Identity }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const t = useTexts();
  const name = shownName(t, identity);
  const logOut = () => {
    navigate("/");
    void session.logOut();
  };
  return (
    <CardPage roomy>
      <div className="row">
        <Avatar name={name} size={56} />
        <div>
          <h1>
            <Isolated>{name}</Isolated>
          </h1>
          <span className="soft">{identity.username ? t("profile.account") : t("app.guest")}</span>
        </div>
      </div>
      <dl className="facts">
        <dt>{t("field.email")}</dt>
        <dd>
          <Isolated>{identity.email}</Isolated>
        </dd>
        {identity.username && (
          <>
            <dt>{t("field.username")}</dt>
            <dd>{identity.username}</dd>
          </>
        )}
        {identity.guestUntil !== null && (
          <>
            <dt>{t("profile.timeLeft")}</dt>
            <dd>
              <GuestTimer />
            </dd>
          </>
        )}
      </dl>
      {!identity.username && (
        <p className="soft">
          <Rich
            text="profile.stay"
            register={(text) => <TextLink href="/register">{text}</TextLink>}
          />
        </p>
      )}
      {identity.username && <TrustChoice />}
      <DisplayNameForm identity={identity} />
      <ThemeChoice />
      <LanguageChoice />
      <SessionList />
      {identity.username && <AccountCare username={identity.username} />}
      <div className="card-foot">
        <Action onPress={logOut}>{t("app.logOut")}</Action>
      </div>
    </CardPage>
  );
}

/** Hidden for guests, whose login ends with their time in any case. */
function TrustChoice() {
  const t = useTexts();
  const { api, session } = useServices();
  const trusted = useStore(session.trusted);
  const task = useTask();
  const choose = async (trust: boolean) => {
    await api.rememberSession(trust);
    session.trust(trust);
    await session.renew(); // which sets the cookie anew
  };
  return (
    <>
      <Switch
        label={t("login.trust")}
        hint={t("login.trustHint")}
        isSelected={trusted}
        isDisabled={task.pending}
        onChange={(trust) => task.run(() => choose(trust))}
      />
      <ProblemNotice problem={task.problem} />
    </>
  );
}

const THEMES: readonly Theme[] = ["system", "light", "dark"];

function LanguageChoice() {
  const t = useTexts();
  return (
    <div className="stack">
      <span className="field-label">{t("app.language")}</span>
      <div>
        <LanguageMenu />
      </div>
    </div>
  );
}

function ThemeChoice() {
  const t = useTexts();
  const chosen = useStore(theme);
  return (
    <div className="stack">
      <span className="field-label">{t("profile.appearance")}</span>
      <div>
        <ToggleButtonGroup
          className="theme-choice"
          aria-label={t("profile.appearance")}
          disallowEmptySelection
          selectedKeys={[chosen]}
          onSelectionChange={(keys) => {
            const [key] = keys;
            if (key) chooseTheme(key as Theme);
          }}
        >
          {THEMES.map((id) => (
            <ToggleButton key={id} id={id} className="button quiet compact">
              {t(`profile.${id}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </div>
    </div>
  );
}
