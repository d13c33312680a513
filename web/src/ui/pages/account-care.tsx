import { useState } from "react";
import * as rules from "../../rules";
import { useServices } from "../app/services";
import { Action } from "../kit/button";
import { Field } from "../kit/field";
import { submitting, useFields, useTask } from "../kit/form";
import { Modal } from "../kit/modal";
import { Notice, ProblemNotice } from "../kit/notice";
import { toast } from "../kit/toast";

type Open = "password" | "email" | "deletion" | null;

const PRESENT = { password: rules.required("your password") };

/** The dialogs of an account: change of password and email, export, deletion. */
export function AccountCare({ username }: { username: string }) {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <section className="stack" aria-labelledby="account">
      <h2 id="account" className="section-title">
        Your account
      </h2>
      <div className="row">
        <Action onPress={() => setOpen("password")}>Change password</Action>
        <Action onPress={() => setOpen("email")}>Change email</Action>
        <Download username={username} />
        <Action look="danger" onPress={() => setOpen("deletion")}>
          Delete account
        </Action>
      </div>
      <Modal title="Change password" isOpen={open === "password"} onClose={close}>
        <PasswordForm username={username} onDone={close} />
      </Modal>
      <Modal title="Change email" isOpen={open === "email"} onClose={close}>
        <EmailForm />
      </Modal>
      <Modal title="Delete account" isOpen={open === "deletion"} onClose={close}>
        <DeletionForm />
      </Modal>
    </section>
  );
}

function PasswordForm({ username, onDone }: { username: string; onDone(): void }) {
  const { api } = useServices();
  const fields = useFields(
    { password: "", new_password: "" },
    { ...PRESENT, new_password: rules.password },
  );
  const task = useTask();
  const change = async () => {
    await api.changePassword(fields.values.password, fields.values.new_password);
    toast("Your password has been changed, and your other devices have been logged out.");
    onDone();
  };
  const submit = () => fields.valid() && task.run(change, (problem) => fields.refuse(problem));
  return (
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label="Change password">
      <input type="hidden" name="username" autoComplete="username" value={username} />
      <Field
        {...fields.bind("password")}
        label="Current password"
        type="password"
        autoComplete="current-password"
        autoFocus
      />
      <Field
        {...fields.bind("new_password")}
        label="New password"
        type="password"
        autoComplete="new-password"
        hint="8 to 128 characters. A short sentence works well."
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        Change my password
      </Action>
    </form>
  );
}

function EmailForm() {
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
    return (
      <Notice tone="success">
        {`We’ve sent a link to ${sentTo}. Your address changes when you open it; you’ll then need to log in again.`}
      </Notice>
    );
  }
  return (
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label="Change email">
      <Field
        {...fields.bind("email")}
        label="New email"
        type="email"
        autoComplete="email"
        autoFocus
        hint="We’ll send a link to it. Your current address is notified too."
      />
      <Field
        {...fields.bind("password")}
        label="Password"
        type="password"
        autoComplete="current-password"
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="primary" isPending={task.pending}>
        Send the link
      </Action>
    </form>
  );
}

function DeletionForm() {
  const { api, session } = useServices();
  const fields = useFields({ password: "" }, PRESENT);
  const task = useTask();
  const remove = async () => {
    await api.deleteAccount(fields.values.password);
    session.end("account_deleted", "Your account was deleted.");
  };
  const submit = () => fields.valid() && task.run(remove, (problem) => fields.refuse(problem));
  return (
    <form className="form" noValidate onSubmit={submitting(submit)} aria-label="Delete account">
      <p className="soft">
        This can’t be undone. Your rooms, your chat messages and the times you attended events are
        kept under your name and email address.
      </p>
      <Field
        {...fields.bind("password")}
        label="Password"
        type="password"
        autoComplete="current-password"
        autoFocus
      />
      <ProblemNotice problem={task.problem} />
      <Action type="submit" look="danger" isPending={task.pending}>
        Delete my account
      </Action>
    </form>
  );
}

function Download({ username }: { username: string }) {
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
          toast(problem.message);
          return null;
        })
      }
    >
      Download my data
    </Action>
  );
}
