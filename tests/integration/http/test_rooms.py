"""POST /room and POST /room/check."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.http.answers import does_not_fit, moment, nothing_to_say, refused
from tests.integration.http.storage import event_of, room_of
from tests.people import ROOM_PASSWORD, Person, Visitors, done, unique


def new_room(creator: str | None, **changed: str) -> dict[str, str]:
    body = {"name": unique("room"), "password": ROOM_PASSWORD, "description": "", "creator": creator or ""}
    return body | changed


# ------------------------------------------------------------------------------------------ creating


async def test_a_room_is_created_and_listed(ann: Person, bob: Person, nobody: Person) -> None:
    body = new_room(ann.username, description="Where we meet")
    nothing_to_say(await ann.post("/room", body))
    for who in (ann, bob, nobody):
        entry = (await who.sees())[body["name"]]
        assert set(entry) == {"name", "room_id", "username", "created_at", "description"}
        assert entry["room_id"] is None
        assert entry["username"] == ann.username
        assert entry["description"] == "Where we meet"
        assert abs(moment(entry["created_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("change", [str, str.upper, "  {} ".format], ids=["same", "capitals", "spaces"])
async def test_a_room_name_is_given_once(ann: Person, bob: Person, change: Callable[[str], str]) -> None:
    name = change(room_of(ann))
    refused(await bob.post("/room", new_room(bob.username, name=name)), 409, "room_name_taken")
    refused(await ann.post("/room", new_room(ann.username, name=name)), 409, "room_name_taken")


async def test_a_room_name_is_trimmed_and_otherwise_kept(ann: Person) -> None:
    name = unique("Ännes  «Salon» 🎈/?#&%")
    done(await ann.post("/room", new_room(ann.username, name=f" \t{name}  ".replace("\t", ""))))
    assert name in await ann.sees()
    refused(await ann.post("/room", new_room(ann.username, name=name.upper())), 409, "room_name_taken")


@pytest.mark.parametrize("name", ["", "   ", "n" * 65, "a\nb", "a\tb", "a\x7fb"])
async def test_room_names_that_do_not_fit(ann: Person, name: str) -> None:
    does_not_fit(await ann.post("/room", new_room(ann.username, name=name)), "name")


async def test_room_names_of_any_length_that_fits(ann: Person) -> None:
    short, long = "x", unique("n" * 55)
    assert len(long) == 64
    answer = await ann.post("/room", new_room(ann.username, name=short))
    assert answer.status_code in (200, 409)  # 409 where a test before has taken it
    done(await ann.post("/room", new_room(ann.username, name=f"  {long}  ")))
    assert {short, long} <= set(await ann.sees())


@pytest.mark.parametrize("handle", ["username", "email"])
@pytest.mark.parametrize("change", [str, str.upper], ids=["same", "capitals"])
async def test_the_creator_may_be_named_by_name_or_email(
    ann: Person, handle: str, change: Callable[[str], str]
) -> None:
    body = new_room(change(getattr(ann, handle)))
    nothing_to_say(await ann.post("/room", body))
    assert (await ann.sees())[body["name"]]["username"] == ann.username


async def test_a_creator_who_does_not_exist(ann: Person, nobody: Person) -> None:
    for name in (nobody.username, nobody.email):
        refused(await ann.post("/room", new_room(name)), 404, "creator_not_found")


async def test_a_creator_who_is_not_the_caller(ann: Person, bob: Person, gus: Person) -> None:
    for name in (bob.username, bob.email, gus.email):
        refused(await ann.post("/room", new_room(name)), 403, "not_the_caller")


async def test_guests_create_no_rooms(ann: Person, gus: Person) -> None:
    for name in (gus.email, "Guest", ann.username):
        refused(await gus.post("/room", new_room(name)), 403, "guests_create_no_rooms")


async def test_a_refused_room_is_not_there(ann: Person, bob: Person, gus: Person) -> None:
    for who in (ann, gus):
        body = new_room(bob.username)
        assert (await who.post("/room", body)).status_code == 403
        assert body["name"] not in await bob.sees()


@pytest.mark.parametrize("password", ["", "p" * 129])
async def test_room_passwords_that_do_not_fit(ann: Person, password: str) -> None:
    does_not_fit(await ann.post("/room", new_room(ann.username, password=password)), "password")


async def test_a_description_is_kept_to_the_letter(ann: Person) -> None:
    body = new_room(ann.username, description="  <b>two\nlines</b>\t& 🎈 ")
    done(await ann.post("/room", body))
    assert (await ann.sees())[body["name"]]["description"] == body["description"]


# ------------------------------------------------------------------------------------------- listing


async def test_an_event_is_listed_to_its_creator_and_invitees_alone(
    ann: Person, bob: Person, gus: Person, nobody: Person
) -> None:
    event = event_of(ann)
    for who in (bob, gus, nobody):
        assert event not in await who.sees()
    await ann.invites(bob, gus, to=event)
    for who in (ann, bob, gus):
        entry = (await who.sees())[event]
        assert set(entry) == {"name", "room_id", "username", "created_at", "description"}
        assert isinstance(entry["room_id"], int)
        assert entry["username"] == ann.username
    assert event not in await nobody.sees()


async def test_a_claimed_name_shows_no_events(ann: Person, bob: Person, nobody: Person) -> None:
    event = event_of(ann)
    for who in (bob, nobody):
        for claim in (ann.username, ann.email, (ann.username or "").upper()):
            rooms = done(await who.post("/room/check", {"username": claim})).json()
            assert event not in [room["name"] for room in rooms]
    rooms = done(await ann.post("/room/check", {"username": bob.username})).json()
    assert event in [room["name"] for room in rooms]


@pytest.mark.parametrize(
    "body", [{}, {"username": None}, {"username": ""}, {"username": "no such"}, {"other": 1}]
)
async def test_any_claim_lists_the_free_rooms(ann: Person, nobody: Person, body: dict[str, object]) -> None:
    room = room_of(ann)
    rooms = done(await nobody.post("/room/check", body)).json()
    assert room in [entry["name"] for entry in rooms]


async def test_no_body_at_all_lists_the_free_rooms(ann: Person, nobody: Person) -> None:
    room = room_of(ann)
    for headers in (
        {},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ):
        rooms = done(await nobody.post("/room/check", headers=headers)).json()
        assert room in [entry["name"] for entry in rooms]


async def test_a_room_is_listed_once_however_many_invitations_it_has(
    ann: Person, bob: Person, gus: Person
) -> None:
    room, event = room_of(ann), event_of(ann)
    for name in (room, event):
        await ann.invites(bob, gus, "someone@example.org", to=name)
        await ann.invites(bob, "else@example.org", to=name)
    for who in (ann, bob, gus):
        listed = [entry["name"] for entry in done(await who.post("/room/check", {})).json()]
        assert (listed.count(room), listed.count(event)) == (1, 1)


async def test_rooms_are_listed_page_by_page(ann: Person, bob: Person) -> None:
    common = unique("page")
    names = [f"{common}-{letter}" for letter in "aBcDe"]
    for name in reversed(names):
        room_of(ann, name)
    await ann.makes_event(names[2])
    read: list[str] = []
    after = common
    while len(read) < 5:
        page = done(await ann.post("/room/check", {"limit": 2, "after": after})).json()
        assert len(page) == 2
        read += [entry["name"] for entry in page]
        after = read[-1]
    assert read[:5] == names
    body = {"limit": 4, "after": common.upper()}
    assert [entry["name"] for entry in (await bob.post("/room/check", body)).json()] == [
        name for name in names if name != names[2]
    ]


@pytest.mark.parametrize("limit", [0, -1, 1001, 2**70, "many"])
async def test_limits_that_do_not_fit(nobody: Person, limit: object) -> None:
    does_not_fit(await nobody.post("/room/check", {"limit": limit}), "limit")


async def test_the_rooms_of_a_creator_who_became_a_client(ann: Person, visitors: Visitors) -> None:
    event = event_of(ann)
    eve = await visitors.stranger("eve")
    await ann.invites(eve.email, to=event)
    await eve.registers()
    await eve.confirms()
    await eve.logs_in()
    assert event in await eve.sees()
