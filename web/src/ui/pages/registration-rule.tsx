import type { Configuration } from "../../wire.gen";
import { Isolated } from "../kit/isolated";
import { Notice } from "../kit/notice";

interface Props {
  kind: "client" | "guest";
  config: Configuration | null;
}

/** Says who can sign up, where registration is limited. */
export function RegistrationRule({ kind, config }: Props) {
  const mode = config?.registration ?? "open";
  if (!config || mode === "open") return null;
  return <Notice>{kind === "client" ? clientRule(config) : guestRule(config)}</Notice>;
}

/** Whether registration is open to anybody at all. */
export function takesRegistrations(config: Configuration | null): boolean {
  return config?.registration !== "closed";
}

function clientRule(config: Configuration) {
  if (config.registration === "closed") {
    return "New accounts can’t be created here. Ask this server’s administrator for one.";
  }
  if (config.registration === "invitation") {
    return "Only people who have been invited to a room can create an account. Use the email address that the invitation was sent to.";
  }
  return <Isolated>{`Accounts are only for email addresses at ${domains(config)}.`}</Isolated>;
}

function guestRule(config: Configuration) {
  const others =
    config.registration === "domains" ? `, or have an email address at ${domains(config)},` : "";
  return (
    <Isolated>
      {`Only people who have been invited to a room${others} can join as a guest. Use the email address that the invitation was sent to.`}
    </Isolated>
  );
}

function domains(config: Configuration): string {
  return config.registration_domains.join(", ");
}
