import type { Translate } from "../../texts/messages";
import type { CommonTexts } from "../../texts/texts.gen";
import type { Configuration } from "../../wire.gen";
import { Isolated } from "../kit/isolated";
import { Notice } from "../kit/notice";
import { useTexts } from "../kit/texts";

interface Props {
  kind: "client" | "guest";
  config: Configuration | null;
}

/** Says who can sign up, where registration is limited. */
export function RegistrationRule({ kind, config }: Props) {
  const t = useTexts();
  const mode = config?.registration ?? "open";
  if (!config || mode === "open") return null;
  return (
    <Notice>
      <Isolated>{kind === "client" ? clientRule(t, config) : guestRule(t, config)}</Isolated>
    </Notice>
  );
}

/** Whether registration is open to anybody at all. */
export function takesRegistrations(config: Configuration | null): boolean {
  return config?.registration !== "closed";
}

type T = Translate<CommonTexts>;

function clientRule(t: T, config: Configuration): string {
  if (config.registration === "closed") return t("register.closed");
  if (config.registration === "invitation") return t("register.invited");
  return t("register.domains", { domains: domains(config) });
}

function guestRule(t: T, config: Configuration): string {
  if (config.registration !== "domains") return t("register.guestInvited");
  return t("register.guestDomains", { domains: domains(config) });
}

function domains(config: Configuration): string {
  return config.registration_domains.join(", ");
}
