import { useState } from "react";
import { Radio, RadioGroup } from "react-aria-components";
import { Avatar } from "../src/ui/kit/avatar";
import { Action, CloseAction, LinkAction, TextLink } from "../src/ui/kit/button";
import { EmailsField } from "../src/ui/kit/emails-field";
import { Checkbox, Field, Options, Switch } from "../src/ui/kit/field";
import { FindingItem, type FindingState } from "../src/ui/kit/finding";
import { IconAction } from "../src/ui/kit/icon-action";
import { EventIcon, HandIcon, LinkIcon, LockIcon, PlusIcon, RecordIcon } from "../src/ui/kit/icons";
import { Notice, Spinner } from "../src/ui/kit/notice";
import { PersonName } from "../src/ui/kit/person-name";
import { Section, State, States } from "./parts";

const LONG = "Datenschutzgrundverordnungskonforme Benachrichtigungseinstellungen";
const FINDINGS: readonly FindingState[] = [
  "fine",
  "warning",
  "failed",
  "skipped",
  "running",
  "waiting",
];
const LOOKS = ["primary", "secondary", "quiet", "danger"] as const;

export function Buttons() {
  return (
    <Section title="Buttons">
      <States>
        {LOOKS.map((look) => (
          <State key={look} name={look}>
            <Action look={look}>Save</Action>
            <Action look={look} isDisabled>
              Disabled
            </Action>
            <Action look={look} isPending>
              Pending
            </Action>
            <Action look={look} className="compact">
              <PlusIcon size={16} />
              <span>Compact</span>
            </Action>
          </State>
        ))}
        <State name="icons alone">
          <span className="row">
            <IconAction label="Copy link" icon={<LinkIcon />} />
            <IconAction label="Raise your hand" icon={<HandIcon />} look="secondary" />
            <IconAction label="Recording" icon={<RecordIcon />} className="recording" />
            <IconAction label="Not now" icon={<LinkIcon />} isDisabled />
            <CloseAction label="Close nothing" />
          </span>
        </State>
        <State name="links">
          <TextLink href="#links">A link in a sentence</TextLink>
          <LinkAction href="#links">A link that looks like a button</LinkAction>
        </State>
        <State name="wide, with a long German word">
          <Action className="wide" look="primary">
            <span>Registrieren</span>
          </Action>
        </State>
      </States>
    </Section>
  );
}

export function Fields() {
  const [text, setText] = useState("Kitchen");
  const [emails, setEmails] = useState([
    "ann@example.org",
    "somebody.with.a.long.name@example.org",
  ]);
  const [typed, setTyped] = useState("");
  const [isOn, setOn] = useState(true);
  const bound = { value: text, onChange: setText };
  return (
    <Section title="Fields">
      <States>
        <State name="plain">
          <Field label="Name" name="plain" {...bound} />
        </State>
        <State name="empty, with a hint">
          <Field
            label="Name"
            name="hint"
            value=""
            onChange={setText}
            placeholder="Kitchen"
            hint="Others see it."
          />
        </State>
        <State name="refused">
          <Field label="Name" name="refused" {...bound} error="There is such a room already." />
        </State>
        <State name="password">
          <Field label="Password" name="password" type="password" autoComplete="off" {...bound} />
        </State>
        <State name="several lines">
          <Field label="Description" name="lines" multiline {...bound} />
        </State>
        <State name="addresses">
          <EmailsField
            label="Invite"
            emails={emails}
            onChange={setEmails}
            typed={typed}
            onType={setTyped}
          />
        </State>
        <State name="switch">
          <Switch
            label="Trust this computer"
            hint="Stay logged in."
            isSelected={isOn}
            onChange={setOn}
          />
          <Switch label="Off" isSelected={false} onChange={() => {}} />
        </State>
        <State name="checkbox">
          <Checkbox label="Trust this computer" hint={LONG} isSelected={isOn} onChange={setOn} />
          <Checkbox label="Off" isSelected={false} onChange={() => {}} />
        </State>
        <State name="options">
          <Options
            label="Way"
            hint="Of three."
            value={isOn ? "auto" : "direct"}
            onChange={(value) => setOn(value === "auto")}
            options={[
              { value: "auto", label: "Automatic", hint: LONG },
              { value: "direct", label: "Direct" },
              { value: "none", label: "None", hint: "There is none.", isDisabled: true },
            ]}
          />
        </State>
        <State name="choice">
          <RadioGroup className="choices" aria-label="Kind" defaultValue="account">
            <Radio value="account" className="choice">
              <strong>Account</strong>
              <span className="soft small">Keep your rooms.</span>
            </Radio>
            <Radio value="guest" className="choice">
              <strong>Guest</strong>
              <span className="soft small">For thirty minutes.</span>
            </Radio>
          </RadioGroup>
        </State>
      </States>
    </Section>
  );
}

export function Notices() {
  return (
    <Section title="Notices and marks">
      <States>
        {(["info", "success", "warning", "danger"] as const).map((tone) => (
          <State key={tone} name={tone}>
            <Notice tone={tone}>
              <strong>The link works for an hour.</strong>
              <p>{LONG}</p>
            </Notice>
          </State>
        ))}
        <State name="badges">
          <span className="row">
            <span className="badge">Yours</span>
            <span className="badge accent">
              <span className="dot" />
              <span>In use</span>
            </span>
            <span className="badge warm">
              <EventIcon size={14} />
              <span>Event</span>
            </span>
            <span className="badge recording">
              <RecordIcon size={14} />
              <span>Recording</span>
            </span>
            <span className="badge">
              <LockIcon size={14} />
              <span>Password</span>
            </span>
          </span>
        </State>
        <State name="findings of a check">
          <ul className="findings wide">
            {FINDINGS.map((state) => (
              <FindingItem key={state} state={state} label={state} title="Camera">
                <p>The camera gives pictures.</p>
              </FindingItem>
            ))}
          </ul>
        </State>
        <State name="spinner">
          <Spinner label="Looking for the room" />
        </State>
        <State name="avatars">
          <span className="row">
            {["Ann", "bob", "Çağla", "Дарья", "علي", "🦊"].map((name) => (
              <Avatar key={name} name={name} />
            ))}
            <Avatar name="Eva" size={64} />
          </span>
        </State>
        <State name="names">
          <PersonName username="ann" />
          <PersonName username="ann" displayName="Ann Ångström" self />
          <PersonName username="ali" displayName="علي" />
        </State>
        <State name="empty">
          <div className="empty wide">
            <h3>No rooms yet</h3>
            <p>Open one, and share its link.</p>
          </div>
        </State>
      </States>
    </Section>
  );
}
