"""Who is in the calls of several rooms, in one request: told to those who may enter, and bounded."""

import pytest

from parlour.wire.http import MOST_ROOMS_ASKED
from tests.integration.http.answers import does_not_fit, refused
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import Town
from tests.people import Person, done

pytestmark = [pytest.mark.kinds("js-websocket")]


async def calls(person: Person, *rooms: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = done(await person.post("/room/people", {"rooms": list(rooms)})).json()[
        "calls"
    ]
    return found


async def test_those_who_may_enter_are_told_who_is_in(peers: Peers, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl, quiet = await town.person("carl"), await ann.person.creates_room()
        both = [{"username": ann.shown_as}, {"username": bob.shown_as}]
        told = [{"room": ann.room, "count": 2, "people": both}]
        assert await calls(ann.person, ann.room, quiet, "no such room") == told
        assert await calls(carl, ann.room) == []
        await carl.enters(ann.room)
        assert await calls(carl, ann.room) == told
        await ann.person.makes_event(ann.room)
        assert await calls(carl, ann.room) == [], "an event counts no password"
        await ann.person.invites(carl, to=ann.room)
        assert await calls(carl, ann.room) == told
        await ann.person.bans(carl.email, ann.room)
        assert await calls(carl, ann.room) == []


@pytest.mark.database("sqlite")
async def test_three_are_named_and_all_are_counted(peers: Peers, connect: Connect) -> None:
    async with peers("ann", "bob") as (ann, bob):
        for _ in range(2):
            again = await connect(bob.person)
            await again.may("join", {"room": ann.room})
        ((call),) = await calls(ann.person, ann.room)
        assert call["count"] == 4
        assert [person["username"] for person in call["people"]] == [  # type: ignore[attr-defined]
            ann.shown_as,
            bob.shown_as,
            bob.shown_as,
        ]


@pytest.mark.database("sqlite")
async def test_who_asks_is_known_and_asks_about_a_bounded_number(town: Town) -> None:
    ann = await town.person("ann")
    await calls(ann, *(f"room {number}" for number in range(MOST_ROOMS_ASKED)))
    too_many = ["x"] * (MOST_ROOMS_ASKED + 1)
    does_not_fit(await ann.post("/room/people", {"rooms": too_many}), "rooms")
    sam = await town.stranger("sam")
    refused(await sam.post("/room/people", {"rooms": []}), 401, "identity_required")
