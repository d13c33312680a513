import { useState } from "react";
import { useLocation } from "wouter";
import { Problem } from "../../problem";
import * as rules from "../../rules";
import type { Identity } from "../../session";
import { Action, LinkAction, TextLink } from "../button";
import { roomPath } from "../destination";
import { EmailsField, takeTyped } from "../emails-field";
import { Field, Switch } from "../field";
import { submitting, useFields, useTask } from "../form";
import { CheckIcon, LockIcon } from "../icons";
import { Isolated } from "../isolated";
import { Notice, ProblemNotice } from "../notice";
import { useIdentity, useServices, useTitle } from "../services";
import { CardPage } from "../shell";

export function NewRoomPage() {
  useTitle("New room");
  const identity = useIdentity();
  if (!identity) return null;
  return identity.username === null ? (
    <GuestsCannot />
  ) : (
    <NewRoom creator={identity} username={identity.username} />
  );
}

function GuestsCannot() {
  return (
    <CardPage>
      <span className="emblem warm">
        <LockIcon size={26} />
      </span>
      <div className="card-head">
        <h1>Guests cannot open rooms</h1>
        <p className="soft">
          A room belongs to somebody who stays.{" "}
          <TextLink href="/register">Create an account</TextLink> with the same email address once
          your guest time is over.
        </p>
      </div>
      <LinkAction href="/">See the rooms</LinkAction>
    </CardPage>
  );
}

interface Created {
  name: string;
  rejected: string[];
  /** What failed after the room was there. */
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
  const fields = useFields({ name: "", password: "", description: "" }, RULES);
  const task = useTask();

  const create = async () => {
    const name = fields.values.name.trim();
    const { password, description } = fields.values;
    await api.createRoom({ name, password, description: description.trim(), creator: username });
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
        <p className="soft">It stays until you need it again.</p>
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
              ? "An event is entered by invitation; the password alone lets nobody in."
              : "Who knows it may enter. Invited people need none."
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
          hint="Only invited people may see and enter the room, and you can see who attended."
          isSelected={isEvent}
          onChange={setIsEvent}
        />
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
        <p className="soft">Not everything went as you asked, though.</p>
      </div>
      {created.rejected.length > 0 && (
        <Notice tone="warning">
          These are no email addresses, so nothing was sent:{" "}
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
