"""An event says when it takes place: to those who see it, in lists, entrances, links and exports."""

import pytest

from tests.integration.http.answers import does_not_fit, refused
from tests.people import Person, Visitors, done, unique

AT = "2026-12-01T15:00:00+01:00"
LATER = "2090-12-01T15:00:00+01:00"
IN_UTC = "2026-12-01T14:00:00.000Z"
CONTRACT = {"name", "room_id", "username", "created_at", "description"}


async def takes_place(ann: Person, room: str, **time: object) -> None:
    done(await ann.post("/event", {"room": room, **time}))


async def test_those_who_see_an_event_see_its_time(ann: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    room = await ann.creates_room()
    await takes_place(ann, room, starts_at=AT, duration_minutes=90)
    await ann.invites(gus, to=room)
    time = {"starts_at": IN_UTC, "duration_minutes": 90}
    mail = await ann.server.expect_mail(gus.email)
    assert "It starts on 2026-12-01 15:00 (UTC+01:00), which is 2026-12-01 14:00 UTC." in mail.text
    token = mail.text.split("#invitation=")[1].split()[0]
    assert time.items() <= done(await gus.post("/invitation/link", {"token": token})).json().items()
    gus.token = done(await gus.post("/invitation/guest", {"token": token})).json()["accessToken"]
    for person in (ann, gus):
        listed = (await person.sees())[room]
        assert listed.keys() == CONTRACT | time.keys()
        assert time.items() <= listed.items()
        entrance = done(await person.get("/room/entry", params={"name": room})).json()
        assert entrance["room"] == listed
    exported = done(await ann.get("/account/export")).json()["rooms"]
    assert time.items() <= next(one for one in exported if one["name"] == room).items()


async def test_invitees_hear_that_an_event_moves_and_that_it_is_cancelled(visitors: Visitors) -> None:
    ann, bob, eve = [await visitors.client(name) for name in ("ann", "bob", "eve")]
    bob.http.headers.update({"Accept-Language": "de"})
    await bob.logs_in()
    room = await ann.creates_event()
    stranger = f"{unique('sam')}@example.org"
    await ann.invites(bob, eve, ann, stranger, to=room)
    await ann.bans(eve.email, room)

    async def next_mails() -> tuple[str, str]:
        german, english = [await ann.server.expect_mail(email) for email in (bob.email, stranger)]
        return german.text, english.text

    await next_mails()
    await takes_place(ann, room, starts_at=LATER)
    german, english = await next_mails()
    assert "2090-12-01 15:00 (UTC+01:00)" in german and "den Termin der Veranstaltung" in german
    assert f"{ann.username} has changed when the event “{room}” takes place." in english
    assert "#invitation=" in english
    await takes_place(ann, room, starts_at=LATER)
    done(await ann.post("/room/change", {"room": room, "description": "no news", "starts_at": LATER}))
    done(await ann.post("/room/change", {"room": room, "starts_at": LATER, "duration_minutes": 30}))
    _, english = await next_mails()
    assert "Duration: 30 minutes." in english, "the same time again is no news"
    done(await ann.post("/room/change", {"room": room, "starts_at": None}))
    assert all("(UTC+01:00)" not in text for text in await next_mails())
    await takes_place(ann, room, starts_at="2090-01-02T08:30:00Z")
    await next_mails()
    done(await ann.post("/room/remove", {"room": room}))
    german, english = await next_mails()
    assert "abgesagt" in german
    assert "It was planned for 2090-01-02 08:30 UTC." in english
    for person in (ann, eve):  # who changes it knows, and who is banned does not care
        subjects = [mail.subject for mail in await ann.server.mails(person.email)]
        assert not [subject for subject in subjects if "changed" in subject or "cancelled" in subject]


async def test_what_has_passed_is_no_news(ann: Person, visitors: Visitors) -> None:
    room, guest = await ann.creates_room(), await visitors.stranger("gus", client=False)
    await ann.invites(guest, to=room)
    await takes_place(ann, room, starts_at="2020-01-01T00:00:00Z", duration_minutes=60)
    done(await ann.post("/room/change", {"room": room, "starts_at": "2020-01-02T00:00:00Z"}))
    done(await ann.post("/room/remove", {"room": room}))
    assert len(await ann.server.mails(guest.email)) == 1


async def test_without_a_time_answers_are_what_they_were(ann: Person) -> None:
    event, room = await ann.creates_event(), await ann.creates_room()
    rooms = await ann.sees()
    assert rooms[event].keys() == rooms[room].keys() == CONTRACT


async def test_a_time_is_changed_and_taken_away(ann: Person, bob: Person) -> None:
    room = await ann.creates_event()

    async def time() -> tuple[object, object]:
        entry = (await ann.sees())[room]
        return entry.get("starts_at"), entry.get("duration_minutes")

    await takes_place(ann, room, starts_at=AT, duration_minutes=60)
    await takes_place(ann, room)
    assert await time() == (IN_UTC, 60), "to make it an event again is harmless"
    done(await ann.post("/room/change", {"room": room, "description": "later"}))
    done(await ann.post("/room/change", {"room": room, "duration_minutes": 5}))
    assert await time() == (IN_UTC, 60)
    refused(await bob.post("/room/change", {"room": room, "starts_at": None}), 403, "not_the_creator")
    done(await ann.post("/room/change", {"room": room, "starts_at": "2027-01-02T08:30:00-08:00"}))
    assert await time() == ("2027-01-02T16:30:00.000Z", None)
    done(await ann.post("/room/change", {"room": room, "starts_at": None}))
    assert await time() == (None, None)


async def test_a_room_that_is_no_event_has_no_time(ann: Person) -> None:
    room = await ann.creates_room()
    change = {"room": room, "description": "not stored", "starts_at": AT}
    refused(await ann.post("/room/change", change), 404, "event_not_found")
    assert (await ann.sees())[room]["description"] != "not stored"
    done(await ann.post("/room/change", {"room": room, "starts_at": None}))


@pytest.mark.parametrize("nonsense", ["yesterday", "2026-12-01T15:00:00", "2026-02-30T15:00:00Z", 7])
async def test_nonsense_makes_no_event(ann: Person, nonsense: object) -> None:
    room = await ann.creates_room()
    answer = await ann.post("/event", {"room": room, "starts_at": nonsense})
    does_not_fit(answer, "starts_at")
    assert (await ann.sees())[room]["room_id"] is None


async def test_an_event_can_be_entered_at_any_time(ann: Person, bob: Person) -> None:
    for year in ("2020", "2090"):
        room = await ann.creates_room()
        await takes_place(ann, room, starts_at=f"{year}-12-01T15:00:00Z", duration_minutes=1)
        await ann.invites(bob, to=room)
        entrance = done(await bob.get("/room/entry", params={"name": room})).json()
        assert entrance["next"] == "enter"
