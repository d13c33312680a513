"""GET /room/entry: a room, what the caller is to it, and what is next."""

from typing import Any

import pytest

from parlour.rooms.access import RoomKind
from parlour.rooms.policy import Action, Role, refusal
from tests.integration.http.answers import refused
from tests.integration.http.storage import event_of, room_of
from tests.integration.http.test_policy import assembled
from tests.people import ROOM_PASSWORD, Person, Visitors, done, unique


async def entry(person: Person, room: str) -> dict[str, Any]:
    found: dict[str, Any] = done(await person.get("/room/entry", params={"name": room})).json()
    return found


ROLES = {
    Role.GUEST: [],
    Role.CLIENT: [],
    Role.ADMITTED: ["admitted"],
    Role.INVITEE: ["invitee"],
    Role.BANNED: ["invitee", "admitted", "banned"],
    Role.CREATOR: ["creator"],
}


@pytest.mark.parametrize("kind", RoomKind)
async def test_every_role_gets_what_the_policy_says(visitors: Visitors, kind: RoomKind) -> None:
    is_event, is_listed = kind is RoomKind.EVENT, kind is not RoomKind.UNLISTED
    cast = await assembled(visitors, is_event=is_event, is_listed=is_listed)
    room = cast.rooms[None]
    listed = (await cast.people[Role.CREATOR].sees())[room]
    for role, roles in ROLES.items():
        found = await entry(cast.people[role], room)
        hidden = refusal(Action.SEE, {role}, kind)
        assert found.pop("room") == (listed if hidden is None else None), role
        assert found.pop("roles") == roles, role
        barred = refusal(Action.ENTER, {role}, kind)
        if barred is None:
            assert found == {"next": "enter"}, role
        elif barred.code == "not_admitted":
            assert found == {"next": "password"}, role
        else:
            wanted = {"next": "not_for_you", "code": barred.code, "message": barred.sentence()}
            assert found == wanted, role
    refused(await cast.people[Role.ANONYMOUS].get("/room/entry", params={"name": room}), 401)


async def test_what_is_next_is_what_happens(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    assert (await entry(bob, room))["next"] == "password"
    done(await bob.post("/room/access", {"name": room, "password": ROOM_PASSWORD}))
    assert (await entry(bob, room.upper()))["next"] == "enter", "in any case"
    await bob.writes("hello", to=room)


async def test_a_room_that_does_not_exist_is_refused_as_by_the_admission(bob: Person, nobody: Person) -> None:
    name = unique("none")
    asked = await bob.get("/room/entry", params={"name": name})
    refused(asked, 404, "room_not_found")
    assert asked.json() == (await bob.get("/room/admission", params={"room": name})).json()
    refused(await nobody.get("/room/entry", params={"name": name}), 401, "identity_required")


async def test_an_event_tells_strangers_no_more_than_its_admission(ann: Person, bob: Person) -> None:
    event = event_of(ann)
    found = await entry(bob, event)
    asked = await bob.get("/room/admission", params={"room": event})
    assert (found["room"], found["roles"], found["code"]) == (None, [], asked.json()["code"])


async def test_the_creators_display_name_is_told(visitors: Visitors, bob: Person) -> None:
    ann = await visitors.client()
    room = await ann.creates_room()
    assert "displayName" not in (await entry(bob, room))["room"]
    done(await ann.request("PUT", "/account/name", json={"displayName": "李小龍"}))
    assert (await entry(bob, room))["room"]["displayName"] == "李小龍"
