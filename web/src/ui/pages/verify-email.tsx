import { LinkAction } from "../button";
import { useServices, useTitle } from "../services";
import {
  useVerification,
  VerificationDone,
  VerificationRefused,
  VerificationWorking,
} from "./verification";

export function VerifyEmailPage({ token }: { token: string }) {
  useTitle("Confirm your new address");
  const { accounts } = useServices();
  const state = useVerification(() => accounts.verifyEmail(token));
  if (state.kind === "working") return <VerificationWorking />;
  if (state.kind === "refused") {
    return <VerificationRefused problem={state.problem} again="/profile" />;
  }
  return (
    <VerificationDone
      title="Your new address is confirmed"
      text="Letters go there from now on. You have been logged out everywhere; log in again."
    >
      <LinkAction href="/login" look="primary">
        Log in
      </LinkAction>
    </VerificationDone>
  );
}
