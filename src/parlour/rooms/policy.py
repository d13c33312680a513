"""The policy of rooms: a table that HTTP, signaling and docs/security.md read alike. Pure.

Lists of rooms are the store's queries; the tests that walk every cell hold them to SEE.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from parlour.accounts.identity import GuestIdentity, Identity
from parlour.errors import IdentityRequired, Refusal
from parlour.rooms.access import RoomKind
from parlour.rooms.refusals import Banned, GuestsCreateNoRooms, NotAdmitted, NotInvited, NotTheCreator


class Action(Enum):
    """A deed towards a room; the value is how docs/security.md says it."""

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
    REMOVE_MESSAGE = "remove a message of others"
    RECORD = "record the call on the server"
    READ_RECORDINGS = "read and delete recordings"
    CHANGE = "change the room"
    REMOVE = "remove the room"


class Role(Enum):
    """A relation of a person to a room. A person has several; the one declared last decides."""

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

Decision = type[Refusal] | None
"""A refusal, or ALLOW."""
ALLOW: Decision = None
Row = Mapping[Role, Decision]


def _row(*decisions: Decision) -> Row:
    """Make a line of the table, with a decision for each role in the order of their declaration."""
    return dict(zip(Role, decisions, strict=True))


def _any_kind(row: Row) -> Mapping[RoomKind, Row]:
    return dict.fromkeys(RoomKind, row)


# fmt: off
#                  anonymous         guest        client       admitted    invitee banned       creator
_FREE     = _row(  IdentityRequired, NotAdmitted, NotAdmitted, ALLOW,      ALLOW,  Banned,      ALLOW)
_EVENT    = _row(  IdentityRequired, NotInvited,  NotInvited,  NotInvited, ALLOW,  Banned,      ALLOW)
_SEEN     = _row(  ALLOW,            ALLOW,       ALLOW,       ALLOW,      ALLOW,  ALLOW,       ALLOW)
_HIDDEN   = _row(  NotAdmitted,      NotAdmitted, NotAdmitted, ALLOW,      ALLOW,  NotAdmitted, ALLOW)
_INVITED  = _row(  NotInvited,       NotInvited,  NotInvited,  NotInvited, ALLOW,  NotInvited,  ALLOW)
# fmt: on
_CREATOR_ALONE = _row(IdentityRequired, *[NotTheCreator] * 5, ALLOW)
_NO_ROOM_YET: Row = {
    Role.ANONYMOUS: IdentityRequired,
    Role.GUEST: GuestsCreateNoRooms,
    Role.CLIENT: ALLOW,
}
"""A room that is yet to be created has no members. A setting limits clients further: `CreationPolicy`."""
_TAKING_PART = {RoomKind.FREE: _FREE, RoomKind.UNLISTED: _FREE, RoomKind.EVENT: _EVENT}
"""An event counts no password that was given before it became one."""

POLICY: Mapping[Action, Mapping[RoomKind, Row]] = {
    Action.CREATE: _any_kind(_NO_ROOM_YET),
    Action.SEE: {RoomKind.FREE: _SEEN, RoomKind.UNLISTED: _HIDDEN, RoomKind.EVENT: _INVITED},
    Action.ENTER: _TAKING_PART,
    Action.WRITE: _TAKING_PART,
    Action.READ_HISTORY: _TAKING_PART,
    Action.LOG_ATTENDANCE: _TAKING_PART,
    Action.INVITE: _any_kind(_CREATOR_ALONE),
    Action.MAKE_EVENT: _any_kind(_CREATOR_ALONE),
    Action.READ_ATTENDANCE: _any_kind(_CREATOR_ALONE),
    Action.BAN: _any_kind(_CREATOR_ALONE),
    Action.REMOVE_MESSAGE: _any_kind(_CREATOR_ALONE),
    Action.RECORD: _any_kind(_CREATOR_ALONE),
    Action.READ_RECORDINGS: _any_kind(_CREATOR_ALONE),
    Action.CHANGE: _any_kind(_CREATOR_ALONE),
    Action.REMOVE: _any_kind(_CREATOR_ALONE),
}

_STRONGEST_FIRST = tuple(reversed(Role))


def roles_of(identity: Identity | None, facts: MembershipFacts = STRANGER) -> frozenset[Role]:
    """Collect every role of a person; without an identity there is no other role."""
    if identity is None:
        return frozenset({Role.ANONYMOUS})
    return _roles(facts, is_guest=isinstance(identity, GuestIdentity))


def may_enter(facts: MembershipFacts, kind: RoomKind) -> bool:
    """Tell for an account of which nothing else is known: guests and clients enter alike."""
    return refusal(Action.ENTER, _roles(facts, is_guest=False), kind) is None


def _roles(facts: MembershipFacts, *, is_guest: bool) -> frozenset[Role]:
    held = {
        Role.GUEST: is_guest,
        Role.CLIENT: not is_guest,
        Role.ADMITTED: facts.is_admitted,
        Role.INVITEE: facts.is_invited,
        Role.BANNED: facts.is_banned,
        Role.CREATOR: facts.is_creator,
    }
    return frozenset(role for role, is_held in held.items() if is_held)


def deciding_role(roles: Collection[Role]) -> Role:
    return next(role for role in _STRONGEST_FIRST if role in roles)


def refusal(action: Action, roles: Collection[Role], kind: RoomKind) -> Decision:
    """Look up why this may not be done. Raises KeyError for a role that cannot arise (`arises`)."""
    return POLICY[action][kind][deciding_role(roles)]


def arises(action: Action, role: Role) -> bool:
    """Tell if the table has a decision for this role: a room that is yet to be created has no members."""
    return all(role in row for row in POLICY[action].values())
