"""What accounts refuse."""

from parlour.errors import Refusal


class EmailTaken(Refusal):
    """This email address is already in use."""

    code = "email_taken"
    status = 409


class UsernameTaken(Refusal):
    """This username is already taken."""

    code = "username_taken"
    status = 409


class RegistrationClosed(Refusal):
    """New accounts can't be created here. Ask this server's administrator for one."""

    code = "registration_closed"
    status = 403


class InvitationRequired(Refusal):
    """Only people who have been invited to a room can sign up here."""

    code = "invitation_required"
    status = 403


class EmailDomainNotAllowed(Refusal):
    """This server doesn't accept email addresses at this domain."""

    code = "email_domain_not_allowed"
    status = 403


class AlreadyVerified(Refusal):
    """This email address has already been confirmed."""

    code = "already_verified"
    status = 409


class InvalidVerification(Refusal):
    """This link is invalid or has expired. Please ask for a new one."""

    code = "invalid_verification"
    status = 403


class RegistrationNotProven(Refusal):
    """Enter the password you chose when you signed up, to confirm that it was you."""

    code = "registration_not_proven"
    status = 403


class EmailChangeNotProven(Refusal):
    """Log in to the account that will use this address, then open the link again."""

    code = "email_change_not_proven"
    status = 403


class UserNotFound(Refusal):
    """There is no such user."""

    code = "user_not_found"
    status = 404


class AccountDisabled(Refusal):
    """This account has been disabled. Please contact this server's administrator."""

    code = "account_disabled"
    status = 403


class WrongCredentials(Refusal):
    """The username or password is incorrect."""

    code = "wrong_credentials"
    status = 401

    def __init__(self, *, account: str = "") -> None:
        """`account` is the email of the account that was tried, for the audit log alone."""
        super().__init__()
        self.account = account


class NotVerified(Refusal):
    """Please confirm your email address first: open the link in the email we sent you."""

    code = "not_verified"
    status = 403


class NoRefreshToken(Refusal):
    """There is no session to continue. Please log in."""

    code = "no_refresh_token"
    status = 401


class SessionOver(Refusal):
    """Your session has ended. Please log in again."""

    code = "session_over"
    status = 403


class SessionNotFound(Refusal):
    """This session doesn't exist."""

    code = "session_not_found"
    status = 404


class LoggedOut(Refusal):
    """You have logged out."""

    code = "logged_out"
    status = 403


class SessionEndedElsewhere(Refusal):
    """This session was ended from another device."""

    code = "session_ended"
    status = 403


class SessionReplaced(Refusal):
    """You have logged in again in this browser."""

    code = "session_replaced"
    status = 403


class WrongPassword(Refusal):
    """That isn't your password."""

    code = "wrong_password"
    status = 401


class WithoutPassword(Refusal):
    """Guests don't have a password, and a guest account ends by itself."""

    code = "without_password"
    status = 403


class PasswordChanged(Refusal):
    """Your password was changed. Please log in with the new one."""

    code = "password_changed"
    status = 403


class EmailChanged(Refusal):
    """Your email address was changed. Please log in again."""

    code = "email_changed"
    status = 403


class EmailAlreadyChanged(Refusal):
    """Your email address has already been changed. Please contact this server's administrator."""

    code = "email_already_changed"
    status = 409


class AccountDeleted(Refusal):
    """Your account was deleted."""

    code = "account_deleted"
    status = 403


class GuestExpired(Refusal):
    """Your time as a guest is over."""

    code = "guest_expired"
    status = 403
