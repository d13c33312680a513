import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useLocation } from "wouter";
import type { Identity } from "../../session";
import { GuestTimer } from "../app/guest-timer";
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
import { AccountCare } from "./account-care";
import { DisplayNameForm } from "./display-name";
import { SessionList } from "./session-list";

export function ProfilePage() {
  useTitle("Profile");
  const identity = useIdentity();
  return identity && <Profile identity={identity} />;
}

function Profile({ identity }: { identity: Identity }) {
  const { session } = useServices();
  const [, navigate] = useLocation();
  const name = shownName(identity);
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
          <span className="soft">{identity.username ? "Account" : "Guest"}</span>
        </div>
      </div>
      <dl className="facts">
        <dt>Email</dt>
        <dd>
          <Isolated>{identity.email}</Isolated>
        </dd>
        {identity.username && (
          <>
            <dt>Username</dt>
            <dd>{identity.username}</dd>
          </>
        )}
        {identity.guestUntil !== null && (
          <>
            <dt>Time left</dt>
            <dd>
              <GuestTimer />
            </dd>
          </>
        )}
      </dl>
      {!identity.username && (
        <p className="soft">
          Want to stay? <TextLink href="/register">Create an account</TextLink> with the same email
          address: your messages and invitations stay yours.
        </p>
      )}
      {identity.username && <TrustChoice />}
      <DisplayNameForm identity={identity} />
      <ThemeChoice />
      <SessionList />
      {identity.username && <AccountCare username={identity.username} />}
      <div className="card-foot">
        <Action onPress={logOut}>Log out</Action>
      </div>
    </CardPage>
  );
}

/** Hidden for guests, whose login ends with their time in any case. */
function TrustChoice() {
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
        label="Trust this computer"
        hint="Stay logged in after the browser is closed."
        isSelected={trusted}
        isDisabled={task.pending}
        onChange={(trust) => task.run(() => choose(trust))}
      />
      <ProblemNotice problem={task.problem} />
    </>
  );
}

const THEMES: [Theme, string][] = [
  ["system", "System"],
  ["light", "Light"],
  ["dark", "Dark"],
];

function ThemeChoice() {
  const chosen = useStore(theme);
  return (
    <div className="stack">
      <span className="field-label">Appearance</span>
      <div>
        <ToggleButtonGroup
          className="theme-choice"
          aria-label="Appearance"
          disallowEmptySelection
          selectedKeys={[chosen]}
          onSelectionChange={(keys) => {
            const [key] = keys;
            if (key) chooseTheme(key as Theme);
          }}
        >
          {THEMES.map(([id, label]) => (
            <ToggleButton key={id} id={id} className="button quiet compact">
              {label}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </div>
    </div>
  );
}
