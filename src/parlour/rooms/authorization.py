"""Authorization: asks the policy with the facts that the database has."""

from parlour.accounts.identity import Identity
from parlour.db.database import AsyncConnection
from parlour.rooms import policy, store
from parlour.rooms.entities import Room
from parlour.rooms.policy import Action, MembershipFacts
from parlour.rooms.refusals import EventNotFound, RoomNotFound


async def permitted(connection: AsyncConnection, action: Action, *, room: str, identity: Identity) -> Room:
    """The room, where the policy lets this person do that. Raises RoomNotFound or what policy says."""
    return _allowed(await store.room_and_facts(connection, room, identity.user_id), action, identity)


async def permitted_to_write(
    connection: AsyncConnection, action: Action, *, room: str, identity: Identity
) -> Room:
    """Do as `permitted`, in the transaction that does it: the room and the caller stay until its end.

    Raises InvalidToken too, where the caller's account is no more.
    """
    return _allowed(await store.held_room_and_facts(connection, room, identity.user_id), action, identity)


def _allowed(found: tuple[Room, MembershipFacts] | None, action: Action, identity: Identity) -> Room:
    if found is None:
        raise RoomNotFound
    known, facts = found
    refused = policy.refusal(action, policy.roles_of(identity, facts), known.kind)
    if refused is not None:
        raise refused
    return known


async def permitted_at_event(
    connection: AsyncConnection, action: Action, *, room: str, identity: Identity
) -> int:
    """Return the event's id. Raises EventNotFound, or what the policy says."""
    return _allowed_at_event(await store.room_and_facts(connection, room, identity.user_id), action, identity)


async def permitted_to_write_at_event(
    connection: AsyncConnection, action: Action, *, room: str, identity: Identity
) -> int:
    """Do as `permitted_at_event`, in the transaction that does it: room and caller stay until its end."""
    return _allowed_at_event(
        await store.held_room_and_facts(connection, room, identity.user_id), action, identity
    )


def _allowed_at_event(found: tuple[Room, MembershipFacts] | None, action: Action, identity: Identity) -> int:
    event_id = None if found is None else found[0].event_id
    if event_id is None:
        raise EventNotFound
    _allowed(found, action, identity)
    return event_id
