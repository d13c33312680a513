import { LinkAction } from "../button";
import { useServices, useTitle } from "../services";
import { rememberAccount } from "./remembered-account";
import {
  useVerification,
  VerificationDone,
  VerificationRefused,
  VerificationWorking,
} from "./verification";

export function VerifyClientPage({ token }: { token: string }) {
  useTitle("Confirm your address");
  const { accounts } = useServices();
  const state = useVerification(async () => {
    const { username, email } = await accounts.verifyClient(token);
    const name = username ?? email;
    if (name) rememberAccount(name);
  });
  if (state.kind === "working") return <VerificationWorking />;
  const already = state.kind === "refused" && state.problem.status === 409;
  if (state.kind === "refused" && !already) {
    const again = state.problem.status === 404 ? "/register" : "/mail";
    return <VerificationRefused problem={state.problem} again={again} />;
  }
  return (
    <VerificationDone
      title={already ? "Already confirmed" : "Your address is confirmed"}
      text="Your account is ready. Log in to begin."
    >
      <LinkAction href="/login" look="primary">
        Log in
      </LinkAction>
    </VerificationDone>
  );
}
