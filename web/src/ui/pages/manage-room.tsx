import { useState } from "react";
import * as rules from "../../rules";
import type { RoomEntry } from "../../wire.gen";
import { Inviting } from "../app/inviting";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Field, Switch } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Isolated } from "../kit/isolated";
import { ProblemNotice } from "../kit/notice";
import { Rich, useTexts } from "../kit/texts";
import { toast } from "../kit/toast";
import { EncryptionOptions, type RoomEncryption } from "./encryption-options";
import { EventFields, eventFieldValues, eventTime, minutesRule, startRule } from "./event-fields";
import { RelayOnlySwitch } from "./relay-only-switch";
import type { ManageProps } from "./room-menu";
import { RoomRecordings } from "./room-recordings";
import { type RoomTopology, TopologyOptions } from "./topology-options";

export function ManageRoom({ deed, room, onDone }: ManageProps) {
  switch (deed) {
    case "edit":
      return <EditRoom room={room} onDone={onDone} />;
    case "invitations":
      return <Inviting room={room.name} />;
    case "recordings":
      return <RoomRecordings room={room.name} />;
    case "delete":
      return <DeleteRoom room={room} onDone={onDone} />;
  }
}

interface DeedProps {
  room: RoomEntry;
  onDone(): void;
}

const RULES = {
  description: rules.description,
  password: (password: string) => (password === "" ? null : rules.roomPassword(password)),
  minutes: minutesRule,
};
const FIELDS = { starts_at: "startsAt", duration_minutes: "minutes" } as const;

/** The name is the room's address, which others have: it stays. */
function EditRoom({ room, onDone }: DeedProps) {
  const t = useTexts();
  const { api } = useServices();
  const wasEvent = room.room_id !== null;
  const [isEvent, setIsEvent] = useState(wasEvent);
  const [isHidden, setIsHidden] = useState(room.listed === false);
  const wasRelayOnly = room.relay_only === true;
  const [isRelayOnly, setIsRelayOnly] = useState(wasRelayOnly);
  const formerTopology = room.topology ?? "auto";
  const [topology, setTopology] = useState<RoomTopology>(formerTopology);
  const formerEncryption = room.encryption ?? "auto";
  const [encryption, setEncryption] = useState<RoomEncryption>(formerEncryption);
  const stored = eventFieldValues(room);
  const fields = useFields(
    { description: room.description, password: "", ...stored },
    { ...RULES, startsAt: startRule(stored.startsAt) },
  );
  const task = useTask();
  const save = async () => {
    const { description, password, startsAt, minutes } = fields.values;
    const isMoved = startsAt !== stored.startsAt || minutes !== stored.minutes;
    const time = isMoved ? eventTime(fields.values) : {};
    const becomesEvent = isEvent && !wasEvent;
    if (becomesEvent) await api.makeEvent({ room: room.name, ...time });
    await api.changeRoom({
      room: room.name,
      description: description.trim(),
      listed: !isHidden,
      ...(isRelayOnly !== wasRelayOnly && { relay_only: isRelayOnly }),
      ...(topology !== formerTopology && { topology }),
      ...(encryption !== formerEncryption && { encryption }),
      ...(password !== "" && { password }),
      ...(!becomesEvent && time),
    });
    toast(t("manage.saved", { room: room.name }));
    onDone();
  };
  const changeKind = (event: boolean) => {
    setIsEvent(event);
    for (const field of ["password", "startsAt", "minutes"] as const) fields.set(field, "");
  };
  const submit = () =>
    fields.valid() && task.run(save, (problem) => fields.refuse(problem, FIELDS));
  return (
    <form
      className="form"
      noValidate
      aria-label={t("manage.edit")}
      onSubmit={submitting(() => void submit())}
    >
      <p>
        <strong>
          <Isolated>{room.name}</Isolated>
        </strong>
      </p>
      <Field {...fields.bind("description")} label={t("newRoom.description")} multiline />
      {!wasEvent && (
        <Switch
          label={t("app.event")}
          hint={t("manage.eventHint")}
          isSelected={isEvent}
          onChange={changeKind}
        />
      )}
      {isEvent && <EventFields start={fields.bind("startsAt")} minutes={fields.bind("minutes")} />}
      {!isEvent && (
        <Field
          {...fields.bind("password")}
          label={t("manage.newPassword")}
          type="password"
          autoComplete="new-password"
          hint={t("manage.newPasswordHint")}
        />
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
        {t("manage.save")}
      </Action>
    </form>
  );
}

function DeleteRoom({ room, onDone }: DeedProps) {
  const t = useTexts();
  const { api } = useServices();
  const task = useTask();
  const remove = async () => {
    await api.removeRoom(room.name);
    toast(t("manage.deleted", { room: room.name }));
    onDone();
  };
  return (
    <div className="stack">
      <p>
        <Rich text="manage.deleteText" room={<Isolated>{room.name}</Isolated>} />
      </p>
      <ProblemNotice problem={task.problem} />
      <div className="row">
        <Action look="danger" isPending={task.pending} onPress={() => void task.run(remove)}>
          {t("manage.reallyDelete")}
        </Action>
        <Action slot="close">{t("manage.keep")}</Action>
      </div>
    </div>
  );
}
