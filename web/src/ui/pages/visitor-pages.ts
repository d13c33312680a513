/** The pages of those who are not logged in, which are loaded together. */

export { ForgotPage } from "./forgot";
export { InvitedPage } from "./invited";
export { LoginPage } from "./login";
export { MailPage } from "./mail";
export { RegisterPage } from "./register";
export { ResetPage } from "./reset";
export { StopEmailPage } from "./stop-email";
export { VerifyClientPage } from "./verify-client";
export { VerifyEmailPage } from "./verify-email";
export { VerifyGuestPage } from "./verify-guest";
