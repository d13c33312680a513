"""Refusals of accounts."""

from parlour.errors import Refusal


class EmailTaken(Refusal):
    code = "email_taken"
    status = 409


class UsernameTaken(Refusal):
    code = "username_taken"
    status = 409


class RegistrationClosed(Refusal):
    code = "registration_closed"
    status = 403


class InvitationRequired(Refusal):
    code = "invitation_required"
    status = 403


class EmailDomainNotAllowed(Refusal):
    code = "email_domain_not_allowed"
    status = 403


class AlreadyVerified(Refusal):
    code = "already_verified"
    status = 409


class InvalidVerification(Refusal):
    code = "invalid_verification"
    status = 403


class RegistrationNotProven(Refusal):
    code = "registration_not_proven"
    status = 403


class EmailChangeNotProven(Refusal):
    code = "email_change_not_proven"
    status = 403


class UserNotFound(Refusal):
    code = "user_not_found"
    status = 404


class AccountDisabled(Refusal):
    code = "account_disabled"
    status = 403


class WrongCredentials(Refusal):
    code = "wrong_credentials"
    status = 401

    def __init__(self, *, account: str = "") -> None:
        """`account` is the email of the account that was tried, for the audit log alone."""
        super().__init__()
        self.account = account


class NotVerified(Refusal):
    code = "not_verified"
    status = 403


class NoRefreshToken(Refusal):
    code = "no_refresh_token"
    status = 401


class SessionOver(Refusal):
    code = "session_over"
    status = 403


class SessionNotFound(Refusal):
    code = "session_not_found"
    status = 404


class LoggedOut(Refusal):
    code = "logged_out"
    status = 403


class SessionEndedElsewhere(Refusal):
    code = "session_ended"
    status = 403


class SessionReplaced(Refusal):
    code = "session_replaced"
    status = 403


class WrongPassword(Refusal):
    code = "wrong_password"
    status = 401


class WithoutPassword(Refusal):
    code = "without_password"
    status = 403


class PasswordChanged(Refusal):
    code = "password_changed"
    status = 403


class EmailChanged(Refusal):
    code = "email_changed"
    status = 403


class EmailAlreadyChanged(Refusal):
    code = "email_already_changed"
    status = 409


class AccountDeleted(Refusal):
    code = "account_deleted"
    status = 403


class GuestExpired(Refusal):
    code = "guest_expired"
    status = 403
