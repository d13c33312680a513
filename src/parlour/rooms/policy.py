"""Who may do what to which room. Pure: facts in, decision out; HTTP and signaling both ask here."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from parlour.errors import Refusal
from parlour.rooms.refusals import NotAdmitted, NotInvited, NotTheCreator


class Action(Enum):
    SEE = auto()
    ENTER = auto()
    WRITE = auto()
    READ_HISTORY = auto()
    LOG_ATTENDANCE = auto()
    INVITE = auto()
    MAKE_EVENT = auto()
    READ_ATTENDANCE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What somebody is to a room. `is_admitted`: has given the room's password once."""

    is_creator: bool = False
    is_invited: bool = False
    is_admitted: bool = False


STRANGER = Standing()


def refusal(action: Action, *, is_event: bool, standing: Standing) -> type[Refusal] | None:
    """Why this may not be done; None where it may.

    A room that is an event is seen and entered by its creator and invitees alone: a password given
    before it became one counts no more.
    """
    if standing.is_creator:
        return None
    match action:
        case Action.SEE:
            return NotInvited if is_event and not standing.is_invited else None
        case Action.ENTER | Action.WRITE | Action.READ_HISTORY | Action.LOG_ATTENDANCE:
            if standing.is_invited:
                return None
            if is_event:
                return NotInvited
            return None if standing.is_admitted else NotAdmitted
        case Action.INVITE | Action.MAKE_EVENT | Action.READ_ATTENDANCE:
            return NotTheCreator
        case _:
            assert_never(action)
