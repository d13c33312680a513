import { presentRoomPassword } from "../../rules";
import { useServices } from "../app/services";
import { CardPage } from "../app/shell";
import { Action, LinkAction } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { LockIcon } from "../kit/icons";
import { Isolated } from "../kit/isolated";
import { ProblemNotice } from "../kit/notice";
import { PersonName } from "../kit/person-name";
import type { RoomFacts } from "./admission";
import { CallRich, useCallTexts } from "./texts";

const RULES = { password: presentRoomPassword };

export function PasswordGate({ room, onAdmitted }: { room: RoomFacts; onAdmitted(): void }) {
  const t = useCallTexts();
  const { api } = useServices();
  const fields = useFields({ password: "" }, RULES);
  const task = useTask();
  const enter = async () => {
    await api.enterByPassword(room.name, fields.values.password);
    onAdmitted();
  };
  const submit = () => fields.valid() && task.run(enter, (problem) => fields.refuse(problem));
  return (
    <CardPage>
      <span className="emblem">
        <LockIcon size={26} />
      </span>
      <div className="card-head">
        <h1>
          <Isolated>{room.name}</Isolated>
        </h1>
        {room.description && (
          <p className="soft" dir="auto">
            {room.description}
          </p>
        )}
        {room.creator && (
          <p className="soft small">
            <CallRich text="app.by" name={<PersonName {...room.creator} />} />
          </p>
        )}
      </div>
      <form
        className="form"
        noValidate
        onSubmit={submitting(submit)}
        aria-label={t("app.enterRoom")}
      >
        <Field
          {...fields.bind("password")}
          label={t("newRoom.password")}
          type="password"
          autoComplete="off"
          autoFocus
        />
        <ProblemNotice problem={task.problem} />
        <Action type="submit" look="primary" isPending={task.pending}>
          {t("call.entry.continue")}
        </Action>
        <LinkAction href="/" look="quiet">
          {t("call.lobby.back")}
        </LinkAction>
      </form>
    </CardPage>
  );
}
