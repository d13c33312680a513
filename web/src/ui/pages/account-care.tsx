import { useState } from "react";
import * as rules from "../../rules";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Modal } from "../kit/modal";
import { Notice, ProblemNotice } from "../kit/notice";
import { useSentence, useTexts } from "../kit/texts";
import { toast } from "../kit/toast";

type Open = "password" | "email" | "deletion" | null;

const PRESENT = { password: rules.presentPassword };

/** The dialogs of an account: change of password and email, export, deletion. */
export function AccountCare({ username }: { username: string }) {
  const t = useTexts();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <section className="stack" aria-labelledby="account">
      <h2 id="account" className="section-title">
        {t("account.title")}
      </h2>
      <div className="row">
        <Action onPress={() => setOpen("password")}>{t("account.changePassword")}</Action>
        <Action onPress={() => setOpen("email")}>{t("account.changeEmail")}</Action>
        <Download username={username} />
        <Action look="danger" onPress={() => setOpen("deletion")}>
          {t("account.delete")}
        </Action>
      </div>
      <Modal title={t("account.changePassword")} isOpen={open === "password"} onClose={close}>
        <PasswordForm username={username} onDone={close} />
      </Modal>
      <Modal title={t("account.changeEmail")} isOpen={open === "email"} onClose={close}>
        <EmailForm />
      </Modal>
      <Modal title={t("account.delete")} isOpen={open === "deletion"} onClose={close}>
        <DeletionForm />
      </Modal>
    </section>
  );
}

function PasswordForm({ username, onDone }: { username: string; onDone(): void }) {
  const t = useTexts();
  const { api } = useServices();
  const fields = useFields(
    { password: "", new_password: "" },
    { ...PRESENT, new_password: rules.password },
  );
  const task = useTask();
  const change = async () => {
    await api.changePassword(fields.values.password, fields.values.new_password);
    toast(t("account.passwordChanged"));
    onDone();
  };
  const submit = () => fields.valid() && task.run(change, (problem) => fields.refuse(problem));
  return (
    <form
      className="form"
      noValidate
      onSubmit={submitting(submit)}
      aria-label={t("account.changePassword")}
    >
      <input type="hidden" name="username" autoComplete="username" value={username} />
      <Field
        {...fields.bind("password")}
        label={t("field.currentPassword")}
        type="password"
        autoComplete="current-password"
        autoFocus
      />
      <Field
        {...fields.bind("new_password")}
        label={t("field.newPassword")}
        type="password"
        autoComplete="new-password"
        hint={t("field.passwordHint")}
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        {t("account.submitPassword")}
      </Action>
    </form>
  );
}

function EmailForm() {
  const t = useTexts();
  const { api } = useServices();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const fields = useFields({ email: "", password: "" }, { email: rules.email, ...PRESENT });
  const task = useTask();
  const ask = async () => {
    const email = fields.values.email.trim();
    await api.changeEmail(email, fields.values.password);
    setSentTo(email);
  };
  const submit = () => fields.valid() && task.run(ask, (problem) => fields.refuse(problem));
  if (sentTo) {
    return <Notice tone="success">{t("account.linkSent", { email: sentTo })}</Notice>;
  }
  return (
    <form
      className="form"
      noValidate
      onSubmit={submitting(submit)}
      aria-label={t("account.changeEmail")}
    >
      <Field
        {...fields.bind("email")}
        label={t("account.newEmail")}
        type="email"
        autoComplete="email"
        autoFocus
        hint={t("account.newEmailHint")}
      />
      <Field
        {...fields.bind("password")}
        label={t("field.password")}
        type="password"
        autoComplete="current-password"
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        {t("account.sendLink")}
      </Action>
    </form>
  );
}

function DeletionForm() {
  const t = useTexts();
  const { api, session } = useServices();
  const fields = useFields({ password: "" }, PRESENT);
  const task = useTask();
  const remove = async () => {
    await api.deleteAccount(fields.values.password);
    session.end("account_deleted");
  };
  const submit = () => fields.valid() && task.run(remove, (problem) => fields.refuse(problem));
  return (
    <form
      className="form"
      noValidate
      onSubmit={submitting(submit)}
      aria-label={t("account.delete")}
    >
      <p className="soft">{t("account.deletionText")}</p>
      <Field
        {...fields.bind("password")}
        label={t("field.password")}
        type="password"
        autoComplete="current-password"
        autoFocus
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="danger" isPending={task.pending}>
        {t("account.submitDeletion")}
      </Action>
    </form>
  );
}

function Download({ username }: { username: string }) {
  const t = useTexts();
  const sentence = useSentence();
  const { api } = useServices();
  const task = useTask();
  const download = async () => {
    const text = JSON.stringify(await api.exportAccount(), null, 2);
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `parlour-${username}.json`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Action
      isPending={task.pending}
      onPress={() =>
        void task.run(download, (problem) => {
          toast(sentence(problem));
          return null;
        })
      }
    >
      {t("account.download")}
    </Action>
  );
}
