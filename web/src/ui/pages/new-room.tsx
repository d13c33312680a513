import { type ReactNode, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { Problem } from "../../problem";
import * as rules from "../../rules";
import type { Identity } from "../../session";
import { roomPath } from "../app/destination";
import { useIdentity, useServerConfig, useServices, useTitle } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction, TextLink } from "../kit/button";
import { EmailsField, takeTyped } from "../kit/emails-field";
import { Field, Switch } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { CheckIcon, LockIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { Notice, ProblemNotice } from "../kit/notice";
import { Rich, useTexts } from "../kit/texts";
import { TroubleHead } from "../kit/trouble-head";
import { EncryptionOptions, type RoomEncryption } from "./encryption-options";
import { EventFields, eventTime, minutesRule, startRule } from "./event-fields";
import { RelayOnlySwitch } from "./relay-only-switch";
import { type RoomTopology, TopologyOptions } from "./topology-options";

export function NewRoomPage() {
  const t = useTexts();
  useTitle(t("newRoom.title"));
  const identity = useIdentity();
  const allowed = useMayCreate(identity);
  if (!identity) return null;
  if (identity.username !== null && !allowed) return <NotAllowed />;
  return identity.username === null ? (
    <GuestsCannot />
  ) : (
    <NewRoom creator={identity} username={identity.username} />
  );
}

/** Whether this person may create rooms. The server is asked only where a list decides; until it answers, true. */
function useMayCreate(identity: Identity | null): boolean {
  const { api } = useServices();
  const mode = useServerConfig()?.room_creation ?? "clients";
  const [allowed, setAllowed] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answer depends on the person
  useEffect(() => {
    let asks = mode === "listed";
    if (asks) api.mayCreateRooms().then((may) => asks && setAllowed(may), console.warn);
    return () => {
      asks = false;
    };
  }, [api, mode, identity?.email]);
  return mode !== "nobody" && allowed;
}

function NotAllowed() {
  const t = useTexts();
  return (
    <NoNewRoom title={t("newRoom.notAllowed")}>
      <span>{t("newRoom.notAllowedText")}</span>
    </NoNewRoom>
  );
}

function GuestsCannot() {
  const t = useTexts();
  return (
    <NoNewRoom title={t("newRoom.guests")}>
      <Rich
        text="newRoom.guestsText"
        register={(text) => <TextLink href="/register">{text}</TextLink>}
      />
    </NoNewRoom>
  );
}

function NoNewRoom({ title, children }: { title: string; children: ReactNode }) {
  const t = useTexts();
  return (
    <CardPage>
      <TroubleHead icon={<LockIcon size={26} />} title={title}>
        {children}
      </TroubleHead>
      <LinkAction href="/">{t("app.seeRooms")}</LinkAction>
    </CardPage>
  );
}

interface Created {
  name: string;
  rejected: string[];
  /** The problem that came after the room was created. */
  problem: Problem | null;
}

function NewRoom({ creator, username }: { creator: Identity; username: string }) {
  const [, navigate] = useLocation();
  const [created, setCreated] = useState<Created | null>(null);
  const finish = (outcome: Created) => {
    if (outcome.rejected.length === 0 && !outcome.problem) navigate(roomPath(outcome.name));
    else setCreated(outcome);
  };
  if (created) return <RoomCreated created={created} />;
  return <NewRoomForm username={username} ownEmail={creator.email} onCreated={finish} />;
}

const RULES = {
  name: rules.roomName,
  password: rules.roomPassword,
  description: rules.description,
  startsAt: startRule(),
  minutes: minutesRule,
};
const EMPTY = { name: "", password: "", description: "", startsAt: "", minutes: "" };
/** What the server calls what the fields have. */
const FIELDS = { starts_at: "startsAt", duration_minutes: "minutes" } as const;

interface FormProps {
  username: string;
  ownEmail: string;
  onCreated(created: Created): void;
}

function NewRoomForm({ username, ownEmail, onCreated }: FormProps) {
  const t = useTexts();
  const { api } = useServices();
  const [emails, setEmails] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const [isEvent, setIsEvent] = useState(false);
  const [isHidden, setIsHidden] = useState(false);
  const [isRelayOnly, setIsRelayOnly] = useState(false);
  const [topology, setTopology] = useState<RoomTopology>("auto");
  const [encryption, setEncryption] = useState<RoomEncryption>("auto");
  const fields = useFields(EMPTY, RULES);
  const task = useTask();

  const create = async () => {
    const name = fields.values.name.trim();
    const { password, description } = fields.values;
    const listed = !isHidden;
    await api.createRoom({
      name,
      password,
      description: description.trim(),
      creator: username,
      listed,
      relay_only: isRelayOnly,
      topology,
      encryption,
    });
    let rejected: string[] = [];
    let problem: Problem | null = null;
    try {
      if (isEvent) await api.makeEvent({ room: name, ...eventTime(fields.values) });
      const invited = takeTyped(emails, typed).filter((email) => email !== ownEmail);
      if (invited.length > 0) rejected = (await api.invite(name, invited)).rejected;
    } catch (error) {
      problem = Problem.of(error);
    }
    onCreated({ name, rejected, problem });
  };
  const refuse = (problem: Problem) =>
    fields.refuse(problem.status === 409 ? problem.at("name") : problem, FIELDS);
  const changeKind = (event: boolean) => {
    setIsEvent(event);
    fields.set("startsAt", "");
    fields.set("minutes", "");
  };
  return (
    <CardPage roomy>
      <div className="card-head">
        <h1>{t("newRoom.title")}</h1>
        <p className="soft">{t("newRoom.text")}</p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(() => fields.valid() && task.run(create, refuse))}
        aria-label={t("newRoom.title")}
      >
        <Field {...fields.bind("name")} label={t("newRoom.name")} autoComplete="off" autoFocus />
        <Field
          {...fields.bind("password")}
          label={t("newRoom.password")}
          type="password"
          autoComplete="new-password"
          hint={isEvent ? t("newRoom.passwordHintEvent") : t("newRoom.passwordHint")}
        />
        <Field {...fields.bind("description")} label={t("newRoom.description")} multiline />
        <EmailsField
          label={t("newRoom.invite")}
          emails={emails}
          onChange={setEmails}
          typed={typed}
          onType={setTyped}
        />
        <Switch
          label={t("app.event")}
          hint={t("newRoom.eventHint")}
          isSelected={isEvent}
          onChange={changeKind}
        />
        {isEvent && (
          <EventFields start={fields.bind("startsAt")} minutes={fields.bind("minutes")} />
        )}
        {!isEvent && (
          <Switch
            label={t("newRoom.unlisted")}
            hint={t("newRoom.unlistedHint")}
            isSelected={isHidden}
            onChange={setIsHidden}
          />
        )}
        <RelayOnlySwitch isSelected={isRelayOnly} onChange={setIsRelayOnly} />
        <TopologyOptions value={topology} onChange={setTopology} />
        <EncryptionOptions value={encryption} onChange={setEncryption} />
        <ProblemNotice problem={task.problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          {t("newRoom.submit")}
        </Action>
      </form>
    </CardPage>
  );
}

function RoomCreated({ created }: { created: Created }) {
  const t = useTexts();
  return (
    <CardPage>
      <span className="emblem">
        <CheckIcon size={26} />
      </span>
      <div className="card-head">
        <h1>
          <Rich text="newRoom.ready" room={<Isolated>{created.name}</Isolated>} />
        </h1>
        <p className="soft">{t("newRoom.notAll")}</p>
      </div>
      {created.rejected.length > 0 && (
        <Notice tone="warning">
          <Rich
            text="addresses.invalid"
            addresses={<Isolated>{created.rejected.join(", ")}</Isolated>}
          />
        </Notice>
      )}
      <ProblemNotice problem={created.problem} />
      <LinkAction href={roomPath(created.name)} look="primary">
        {t("app.enterRoom")}
      </LinkAction>
    </CardPage>
  );
}
