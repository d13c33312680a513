import * as rules from "../../rules";
import type { Identity } from "../../session";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { ProblemNotice } from "../kit/notice";
import { useTexts } from "../kit/texts";
import { toast } from "../kit/toast";

/** Edits the name that other people see beside the username. */
export function DisplayNameForm({ identity }: { identity: Identity }) {
  const t = useTexts();
  const { api, session } = useServices();
  const fields = useFields(
    { displayName: identity.displayName ?? "" },
    { displayName: rules.displayName },
  );
  const task = useTask();
  const change = async () => {
    await api.changeName(fields.values.displayName.trim() || null);
    await session.renew(); // the token says what one is called
    toast(t("profile.nameChanged"));
  };
  const submit = () => fields.valid() && task.run(change, (problem) => fields.refuse(problem));
  return (
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label={t("profile.name")}>
      <Field
        {...fields.bind("displayName")}
        label={t("profile.name")}
        autoComplete="name"
        hint={identity.username === null ? t("profile.guestNameHint") : t("profile.nameHint")}
      />
      <ProblemNotice problem={task.problem} />
      <div>
        <Action type="submit" isPending={task.pending}>
          {t("profile.saveName")}
        </Action>
      </div>
    </form>
  );
}
