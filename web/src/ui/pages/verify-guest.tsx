import { formatSpan } from "../../clock";
import { LinkAction } from "../button";
import { keepDestination, keptDestination } from "../destination";
import { Checkbox } from "../field";
import { useServerConfig, useServices, useStore, useTitle } from "../services";
import {
  useVerification,
  VerificationDone,
  VerificationRefused,
  VerificationWorking,
} from "./verification";

export function VerifyGuestPage({ token }: { token: string }) {
  useTitle("Welcome");
  const { session } = useServices();
  const trusted = useStore(session.trusted);
  const guestTtl = useServerConfig()?.guest_ttl ?? 1800;
  const state = useVerification(async () => {
    await session.verifyGuest(token);
    const goal = keptDestination();
    keepDestination(null);
    return goal;
  });
  if (state.kind === "working") return <VerificationWorking />;
  if (state.kind === "refused") {
    const again = state.problem.status === 403 ? "/mail" : "/register?as=guest";
    return <VerificationRefused problem={state.problem} again={again} />;
  }
  return (
    <VerificationDone
      title="Welcome, guest"
      text={`You are logged in for the next ${formatSpan(guestTtl)}.`}
    >
      <Checkbox
        label="Trust this computer"
        hint="Stay logged in when the page is reloaded, until your time ends."
        isSelected={trusted}
        onChange={(trust) => session.trust(trust)}
      />
      <LinkAction href={state.answer ?? "/"} look="primary">
        {state.answer ? "Enter the room" : "See the rooms"}
      </LinkAction>
    </VerificationDone>
  );
}
