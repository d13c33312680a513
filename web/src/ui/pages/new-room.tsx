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

export function NewRoomPage() {
  useTitle("New room");
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
  return (
    <NoNewRoom title="You can’t create rooms here">
      Ask this server’s administrator to allow it.
    </NoNewRoom>
  );
}

function GuestsCannot() {
  return (
    <NoNewRoom title="Guests can’t open rooms">
      Rooms belong to people with an account.{" "}
      <TextLink href="/register">Create an account</TextLink> with the same email address once your
      guest time is over.
    </NoNewRoom>
  );
}

function NoNewRoom({ title, children }: { title: string; children: ReactNode }) {
  return (
    <CardPage>
      <span className="emblem warm">
        <LockIcon size={26} />
      </span>
      <div className="card-head">
        <h1>{title}</h1>
        <p className="soft">{children}</p>
      </div>
      <LinkAction href="/">See the rooms</LinkAction>
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
};

interface FormProps {
  username: string;
  ownEmail: string;
  onCreated(created: Created): void;
}

function NewRoomForm({ username, ownEmail, onCreated }: FormProps) {
  const { api } = useServices();
  const [emails, setEmails] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const [isEvent, setIsEvent] = useState(false);
  const [isHidden, setIsHidden] = useState(false);
  const fields = useFields({ name: "", password: "", description: "" }, RULES);
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
    });
    let rejected: string[] = [];
    let problem: Problem | null = null;
    try {
      if (isEvent) await api.makeEvent(name);
      const invited = takeTyped(emails, typed).filter((email) => email !== ownEmail);
      if (invited.length > 0) rejected = (await api.invite(name, invited)).rejected;
    } catch (error) {
      problem = Problem.of(error);
    }
    onCreated({ name, rejected, problem });
  };
  const refuse = (problem: Problem) =>
    fields.refuse(
      problem.status === 409
        ? new Problem(409, problem.code, problem.message, [
            { field: "name", message: problem.message },
          ])
        : problem,
    );
  return (
    <CardPage roomy>
      <div className="card-head">
        <h1>New room</h1>
        <p className="soft">It will be here whenever you need it.</p>
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(() => fields.valid() && task.run(create, refuse))}
        aria-label="New room"
      >
        <Field {...fields.bind("name")} label="Name" autoComplete="off" autoFocus />
        <Field
          {...fields.bind("password")}
          label="Room password"
          type="password"
          autoComplete="new-password"
          hint={
            isEvent
              ? "Events are by invitation only; the password alone doesn’t let anyone in."
              : "Anyone with this password can join. Invited people don’t need it."
          }
        />
        <Field {...fields.bind("description")} label="Description (optional)" multiline />
        <EmailsField
          label="Invite people (optional)"
          emails={emails}
          onChange={setEmails}
          typed={typed}
          onType={setTyped}
        />
        <Switch
          label="Event"
          hint="Only invited people can see and enter the room, and you can see who attended."
          isSelected={isEvent}
          onChange={setIsEvent}
        />
        {!isEvent && (
          <Switch
            label="Unlisted"
            hint="Only people who have joined it before or are invited see the room in their list."
            isSelected={isHidden}
            onChange={setIsHidden}
          />
        )}
        <ProblemNotice problem={task.problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          Create room
        </Action>
      </form>
    </CardPage>
  );
}

function RoomCreated({ created }: { created: Created }) {
  return (
    <CardPage>
      <span className="emblem">
        <CheckIcon size={26} />
      </span>
      <div className="card-head">
        <h1>
          “<Isolated>{created.name}</Isolated>” is ready
        </h1>
        <p className="soft">But not everything worked.</p>
      </div>
      {created.rejected.length > 0 && (
        <Notice tone="warning">
          These aren’t valid email addresses, so nothing was sent to them:{" "}
          <Isolated>{created.rejected.join(", ")}</Isolated>
        </Notice>
      )}
      {created.problem && <Notice tone="danger">{created.problem.message}</Notice>}
      <LinkAction href={roomPath(created.name)} look="primary">
        Enter the room
      </LinkAction>
    </CardPage>
  );
}
