"""Who may do what to which room. Pure: a role and an action in, a decision out.

HTTP, signaling and the table of docs/security.md all ask here. Lists are the store's queries; the tests
that walk every cell hold them to SEE.
"""

from dataclasses import dataclass
from enum import Enum

from parlour.accounts.identity import GuestIdentity, Identity
from parlour.errors import IdentityRequired, Refusal
from parlour.rooms.refusals import Banned, GuestsCreateNoRooms, NotAdmitted, NotInvited, NotTheCreator


class Action(Enum):
    """What can be done to a room; the value is how docs/security.md says it."""

    CREATE = "create a room"
    SEE = "see"
    ENTER = "enter"
    WRITE = "write"
    READ_HISTORY = "read history"
    LOG_ATTENDANCE = "log attendance"
    INVITE = "invite"
    MAKE_EVENT = "make event"
    READ_ATTENDANCE = "read attendance"
    BAN = "remove a person"
    REMOVE = "remove the room"


class Role(Enum):
    """What somebody is to a room: of several things, the one that decides, the later ones first."""

    ANONYMOUS = "anonymous"
    GUEST = "guest"
    CLIENT = "client"
    ADMITTED = "admitted"
    INVITEE = "invitee"
    BANNED = "banned"
    CREATOR = "creator"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipFacts:
    """The facts about a person and a room. `is_admitted`: has given the room's password once."""

    is_creator: bool = False
    is_invited: bool = False
    is_admitted: bool = False
    is_banned: bool = False


STRANGER = MembershipFacts()

_OF_THE_CREATOR = frozenset(
    {Action.INVITE, Action.MAKE_EVENT, Action.READ_ATTENDANCE, Action.BAN, Action.REMOVE}
)


def role_of(identity: Identity | None, facts: MembershipFacts = STRANGER) -> Role:
    if identity is None:
        return Role.ANONYMOUS
    if facts.is_creator:
        return Role.CREATOR
    if facts.is_banned:
        return Role.BANNED
    if facts.is_invited:
        return Role.INVITEE
    if facts.is_admitted:
        return Role.ADMITTED
    return Role.GUEST if isinstance(identity, GuestIdentity) else Role.CLIENT


def roles_in_room(facts: MembershipFacts) -> frozenset[Role]:
    """List every role that the facts give, not only the deciding one."""
    held = {
        Role.ADMITTED: facts.is_admitted,
        Role.INVITEE: facts.is_invited,
        Role.BANNED: facts.is_banned,
        Role.CREATOR: facts.is_creator,
    }
    return frozenset(role for role, is_held in held.items() if is_held)


def refusal(action: Action, role: Role, *, is_event: bool, is_listed: bool = True) -> type[Refusal] | None:
    """Why this may not be done; None where it may.

    A room that is an event is seen and entered by its creator and invitees alone: a password given
    before it became one counts no more. A room that is not listed is seen by its members alone, and entered
    as others are. To create is to have no room yet: anonymous, guest or client; whether clients may is a
    setting too (see `creation`).
    """
    if action is Action.SEE:
        return _refusal_to_see(role, is_event=is_event, is_listed=is_listed)
    if role is Role.ANONYMOUS:
        return IdentityRequired
    if action is Action.CREATE:
        return GuestsCreateNoRooms if role is Role.GUEST else None
    if role is Role.CREATOR:
        return None
    if action in _OF_THE_CREATOR:
        return NotTheCreator
    return _refusal_to_take_part(role, is_event=is_event)


def _refusal_to_see(role: Role, *, is_event: bool, is_listed: bool) -> type[Refusal] | None:
    if role in (Role.CREATOR, Role.INVITEE):
        return None
    if is_event:
        return NotInvited
    return None if is_listed or role is Role.ADMITTED else NotAdmitted


def _refusal_to_take_part(role: Role, *, is_event: bool) -> type[Refusal] | None:
    """For those who did not create the room."""
    if role is Role.BANNED:
        return Banned
    if role is Role.INVITEE:
        return None
    if is_event:
        return NotInvited
    return None if role is Role.ADMITTED else NotAdmitted
