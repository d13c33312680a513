"""What creators change later, and finding a room among many."""

import httpx
import pytest

from tests.integration.http.answers import nothing_to_say, refused
from tests.integration.http.storage import room_of
from tests.people import ROOM_PASSWORD, Person, Visitors, done, unique
from tests.servers import ParlourServer


async def found(who: Person, **query: object) -> list[str]:
    answer: httpx.Response = await who.post("/room/check", query)
    return [entry["name"] for entry in done(answer).json()]


# ------------------------------------------------------------------------------------------ searching


async def test_rooms_are_found_by_name_description_and_creator(ann: Person, bob: Person) -> None:
    word = unique("Fähre")
    named = await ann.creates_room(f"The {word}")
    described = await bob.creates_room(unique("harbour"), description=f"Waiting for the {word}")
    assert set(await found(ann, search=word)) == {named, described}
    as_one_says = f" THE   {word.upper()} "
    assert set(await found(ann, search=as_one_says)) == {named, described}
    assert named in await found(bob, search=ann.username)
    assert await found(ann, search=unique("nothing")) == []


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Für Ärzte", "FÜR ÄRZTE"),
        ("ÉCOLE", "école"),
        ("Straße", "STRASSE"),
        ("КОМНАТА", "комната"),
        ("ΟΔΟΣ", "οδος"),
    ],
)
async def test_letters_of_any_script_are_found_in_any_case(
    visitors: Visitors, written: str, searched: str
) -> None:
    """Both databases fold alike, whatever their locale."""
    word = unique("x")
    eve = await visitors.client("eve")
    named = await eve.creates_room(f"{written} {word}")
    described = await eve.creates_room(description=f"{word} {written}")
    assert named in await found(eve, search=f"{searched} {word}")
    assert await found(eve, search=f"{word} {searched}") == [described]
    done(await eve.post("/room/change", {"room": described, "description": "another"}))
    assert await found(eve, search=f"{word} {searched}") == []
    done(await eve.post("/room/change", {"room": described, "description": f"{word}\n{written}"}))
    assert await found(eve, search=f" {word.upper()}  {searched}") == [described]
    done(await eve.put("/account/name", json={"displayName": f"{written} {word}"}))
    assert set(await found(eve, search=f"{searched} {word}")) == {named, described}


async def test_what_a_pattern_would_mean_is_searched_as_it_is(ann: Person) -> None:
    stem = unique("rate")
    rooms = [await ann.creates_room(f"{stem} {sign}") for sign in ("100%", "a_b", "c\\d", "aXb")]
    assert await found(ann, search=f"{stem} 100%") == [rooms[0]]
    assert await found(ann, search=f"{stem} a_b") == [rooms[1]]
    assert await found(ann, search=f"{stem} c\\d") == [rooms[2]]
    assert await found(ann, search=f"{stem}%b") == []


async def test_what_is_found_comes_in_pages(ann: Person, nobody: Person) -> None:
    stem = unique("page")
    rooms = [await ann.creates_room(f"{stem} {number}") for number in range(5)]
    assert await found(nobody, search=stem, limit=2) == rooms[:2]
    assert await found(nobody, search=stem, limit=2, after=rooms[1]) == rooms[2:4]
    assert await found(nobody, search=stem, limit=2, after=rooms[3]) == rooms[4:]


async def test_a_search_shows_nobody_more_than_the_list_does(
    ann: Person, bob: Person, nobody: Person
) -> None:
    stem = unique("secret")
    event = await ann.creates_event(f"{stem} event")
    unlisted = await ann.creates_room(f"{stem} unlisted", listed=False)
    assert set(await found(ann, search=stem)) == {event, unlisted}
    for who in (bob, nobody):
        assert await found(who, search=stem) == []
    await ann.invites(bob, to=event)
    assert await found(bob, search=stem) == [event]
    await ann.bans(bob.email, event)
    assert await found(bob, search=stem) == []
    assert await found(bob, search=stem, mine=True) == []


async def test_ones_own_rooms_and_invitations(ann: Person, bob: Person, nobody: Person) -> None:
    stem = unique("mine")
    own = await ann.creates_room(f"{stem} own")
    invited = await bob.creates_room(f"{stem} invited")
    await bob.creates_room(f"{stem} other")
    await bob.invites(ann, to=invited)
    assert await found(ann, search=stem, mine=True) == [invited, own]
    assert await found(nobody, mine=True) == []
    assert len(await found(ann, search=stem, mine=False)) == 3


# ------------------------------------------------------------------------------------------- changing


async def test_a_room_gets_another_description_and_leaves_the_list(ann: Person, bob: Person) -> None:
    room = await ann.creates_room()
    nothing_to_say(await ann.post("/room/change", {"room": room, "description": "New"}))
    assert (await bob.sees())[room]["description"] == "New"
    nothing_to_say(await ann.post("/room/change", {"room": room, "listed": False}))
    assert room not in await bob.sees()
    assert (await ann.sees())[room]["description"] == "New"
    nothing_to_say(await ann.post("/room/change", {"room": room, "listed": True, "description": ""}))
    assert (await bob.sees())[room]["description"] == ""
    nothing_to_say(await ann.post("/room/change", {"room": room}))


async def test_a_new_password_counts_from_now_on(ann: Person, bob: Person, visitors: Visitors) -> None:
    room = await ann.creates_room()
    await bob.enters(room)
    nothing_to_say(await ann.post("/room/change", {"room": room, "password": "another one"}))
    eve = await visitors.client("eve")
    wrong = await eve.post("/room/access", {"name": room, "password": ROOM_PASSWORD})
    refused(wrong, 401, "wrong_room_password")
    await eve.enters(room, "another one")
    await bob.writes("I am still here", to=room)


async def test_the_creator_alone_changes_a_room(ann: Person, bob: Person, nobody: Person) -> None:
    room = room_of(ann)
    await bob.enters(room)
    for path, body in (
        ("/room/change", {"description": "mine"}),
        ("/invitation/remove", {"email": ann.email}),
    ):
        refused(await bob.post(path, {"room": room, **body}), 403, "not_the_creator")
        refused(await nobody.post(path, {"room": room, **body}), 401, "identity_required")
        refused(await ann.post(path, {"room": unique("none"), **body}), 404, "room_not_found")


# ---------------------------------------------------------------------------------------- invitations


async def test_an_invitation_is_taken_back_and_sent_again(
    ann: Person, visitors: Visitors, server: ParlourServer
) -> None:
    eve = await visitors.client("eve")
    event = await ann.creates_event()
    await ann.invites(eve, to=event)
    assert event in await eve.sees()
    await server.expect_mail(eve.email)
    taken = {"room": event, "email": f" {eve.email.upper()} "}
    nothing_to_say(await ann.post("/invitation/remove", taken))
    assert (await ann.get("/invitation", params={"room": event})).json() == {"invitations": []}
    assert event not in await eve.sees()
    refused(await eve.post("/room/access", {"name": event, "password": ROOM_PASSWORD}), 403, "not_invited")
    nothing_to_say(await ann.post("/invitation/remove", taken))
    await ann.invites(eve, to=event)
    await ann.invites(eve, to=event)  # who is invited already gets another letter
    assert event in await eve.sees()
    assert len((await ann.get("/invitation", params={"room": event})).json()["invitations"]) == 1


@pytest.mark.parametrize("kept", [False, True], ids=["invited alone", "with the password"])
async def test_who_gave_the_password_too_may_still_enter(ann: Person, bob: Person, kept: bool) -> None:
    room = await ann.creates_room()
    await ann.invites(bob, to=room)
    if kept:
        await bob.enters(room)
    nothing_to_say(await ann.post("/invitation/remove", {"room": room, "email": bob.email}))
    answer = await bob.get("/room/admission", params={"room": room})
    assert answer.json() == {"needs_password": not kept}
