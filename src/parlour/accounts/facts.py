"""What can happen to accounts and their sessions, as facts for the bus."""

from dataclasses import dataclass

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded:
    """Sessions were ended before their time; `reason` is for the person whose they were."""

    user_id: UserId
    sessions: frozenset[SessionId]
    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTimeEnded:
    """A guest's time is over: all sessions of that account have ended with it."""

    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSucceeded:
    """Somebody has logged in, and the answer with their new cookie was sent to `address`."""

    address: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayNameChanged:
    """`display_name` is None where the username is shown from now on."""

    user_id: UserId
    display_name: str | None
