"""Every cell of the policy's table over HTTP: each role does each thing to a free room and to an event."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from parlour.rooms.access import RoomKind
from parlour.rooms.policy import Action, Role, arises, refusal
from tests.people import ROOM_PASSWORD, Person, Visitors, unique

Rooms = dict[Action | None, str]
"""A room of its own for what changes the room; None is the room of everything else."""

CHANGING = (Action.ENTER, Action.MAKE_EVENT, Action.REMOVE)
OVER_SOCKET_IO_ALONE = (Action.RECORD,)
"""See `signaling/test_policy`."""
DEEDS: dict[Action, Callable[[Person, str], tuple[str, str, dict[str, object] | None]]] = {
    Action.CREATE: lambda who, _room: (
        "POST",
        "/room",
        {"name": unique("new"), "password": "x", "description": "", "creator": who.username or who.email},
    ),
    Action.SEE: lambda _who, _room: ("POST", "/room/check", {}),
    Action.ENTER: lambda _who, room: ("POST", "/room/access", {"name": room, "password": ROOM_PASSWORD}),
    Action.WRITE: lambda _who, room: ("POST", "/message", {"roomname": room, "message": "hello"}),
    Action.READ_HISTORY: lambda _who, room: ("GET", f"/message?roomname={room}", None),
    Action.LOG_ATTENDANCE: lambda _who, room: ("POST", "/event/log", {"name": room, "move": "j"}),
    Action.INVITE: lambda _who, room: ("POST", "/invitation", {"room": room, "email": ["x@example.org"]}),
    Action.MAKE_EVENT: lambda _who, room: ("POST", "/event", {"room": room}),
    Action.READ_ATTENDANCE: lambda _who, room: ("GET", f"/event/log?room={room}", None),
    Action.BAN: lambda _who, room: ("POST", "/room/ban", {"room": room, "email": "eve@example.org"}),
    Action.REMOVE_MESSAGE: lambda _who, room: (
        "POST",
        "/message/remove",
        {"roomname": room, "message_id": "of-the-creator"},
    ),
    Action.READ_RECORDINGS: lambda _who, room: ("GET", f"/recordings?room={room}", None),
    Action.CHANGE: lambda _who, room: ("POST", "/room/change", {"room": room, "description": "new"}),
    Action.REMOVE: lambda _who, room: ("POST", "/room/remove", {"room": room}),
}


@dataclass(frozen=True)
class Cast:
    people: dict[Role, Person]
    rooms: Rooms


async def assembled(visitors: Visitors, *, is_event: bool, is_listed: bool = True) -> Cast:
    people = {
        Role.ANONYMOUS: await visitors.stranger(),
        Role.GUEST: await visitors.guest(),
        Role.CLIENT: await visitors.client(),
        Role.ADMITTED: await visitors.client(),
        Role.INVITEE: await visitors.guest(),
        Role.BANNED: await visitors.client(),
        Role.CREATOR: await visitors.client(),
    }
    rooms = {
        action: await _prepared(people, is_event=is_event, is_listed=is_listed)
        for action in (None, *CHANGING)
    }
    return Cast(people, rooms)


async def _prepared(people: dict[Role, Person], *, is_event: bool, is_listed: bool) -> str:
    creator, banned = people[Role.CREATOR], people[Role.BANNED]
    room = await creator.creates_room(listed=is_listed)
    await creator.invites(people[Role.INVITEE], banned, to=room)
    message = {"roomname": room, "message": "hello", "message_id": "of-the-creator"}
    assert (await creator.post("/message", message)).status_code == 200
    for person in (people[Role.ADMITTED], banned):
        await person.enters(room)
    if is_event:
        await creator.makes_event(room)
    await creator.bans(banned.email, room)
    return room


def expected(action: Action, role: Role, *, is_event: bool) -> str:
    """As the policy says, save where the endpoint has something to say before, or is the remedy itself."""
    refused = refusal(action, {role}, RoomKind.EVENT if is_event else RoomKind.FREE)
    if role is not Role.ANONYMOUS and not is_event:
        if action in (Action.LOG_ATTENDANCE, Action.READ_ATTENDANCE):
            return "event_not_found"
        if action is Action.ENTER and refused is not None and refused.code == "not_admitted":
            return "yes"  # the right password is what admits
    return "yes" if refused is None else refused.code


def said(answer: httpx.Response, action: Action, room: str) -> str:
    if action is Action.SEE:
        return "yes" if room in {entry["name"] for entry in answer.json()} else "not_invited"
    return "yes" if answer.status_code == 200 else str(answer.json()["code"])


@pytest.mark.parametrize("is_event", [False, True], ids=["free", "event"])
async def test_every_cell_over_http(visitors: Visitors, *, is_event: bool) -> None:
    cast = await assembled(visitors, is_event=is_event)
    wanted, found = {}, {}
    for action in Action:
        for role, person in cast.people.items():  # the creator last: what they do changes the room
            if action in OVER_SOCKET_IO_ALONE or not arises(action, role):
                continue
            room = cast.rooms[action if action in CHANGING else None]
            method, path, body = DEEDS[action](person, room)
            request = {} if body is None else {"json": body}
            answer = await person.request(method, path, **request)
            wanted[action, role] = expected(action, role, is_event=is_event)
            found[action, role] = said(answer, action, room)
    assert found == wanted


async def test_unbanned_person_is_what_they_were(visitors: Visitors) -> None:
    ann, bob = await visitors.client("ann"), await visitors.client("bob")
    room = await ann.creates_room()
    await bob.enters(room)
    await ann.bans(bob.email.upper(), room)
    assert (await bob.post("/message", {"roomname": room, "message": "x"})).json()["code"] == "banned"
    listed = (await ann.get("/room/ban", params={"room": room})).json()["bans"]
    assert [entry["email"].casefold() for entry in listed] == [bob.email]
    for _ in range(2):
        answer = await ann.post("/room/unban", {"room": room, "email": bob.email})
        assert answer.status_code == 200
    await bob.writes("back", to=room)


async def test_ban_outlives_the_guest_who_registers_again(visitors: Visitors) -> None:
    ann, gus = await visitors.client("ann"), await visitors.guest("gus")
    room = await ann.creates_room()
    await ann.bans(gus.email, room)
    await gus.becomes_client(unique("gus"))
    answer = await gus.post("/room/access", {"name": room, "password": ROOM_PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "banned")


async def test_creator_cannot_be_banned(visitors: Visitors) -> None:
    ann = await visitors.client("ann")
    room = await ann.creates_room()
    answer = await ann.post("/room/ban", {"room": room, "email": ann.email})
    assert (answer.status_code, answer.json()["code"]) == (409, "creator_stays")


async def test_removed_room_takes_its_chat_along(visitors: Visitors) -> None:
    ann = await visitors.client("ann")
    room = await ann.creates_event()
    await ann.moves("j", room)
    await ann.writes("soon gone", to=room)
    assert (await ann.post("/room/remove", {"room": room})).status_code == 200
    assert (await ann.get("/message", params={"roomname": room})).status_code == 404
    assert room not in await ann.sees()
    assert await ann.creates_room(room) == room
    assert await ann.reads(room) == []
