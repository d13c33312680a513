"""Attacks on a ban by whoever is banned: another address, another account."""

import pytest

from tests.people import PASSWORD, ROOM_PASSWORD, Person, Visitors, done, unique


@pytest.fixture
async def eve(visitors: Visitors) -> Person:
    return await visitors.client("eve")


async def takes_address(person: Person, email: str) -> None:
    done(await person.put("/client/email", json={"email": email, "password": PASSWORD}))
    while "/verifyemail#" not in (mail := await person.server.expect_mail(email)).text:
        pass
    token = mail.text.split("/verifyemail#")[1].split()[0]
    done(await person.http.put("/email/verify", json={"token": token}))
    person.email = email
    await person.logs_in()


async def bans_of(creator: Person, room: str) -> list[str]:
    found = done(await creator.get("/room/ban", params={"room": room})).json()["bans"]
    return [ban["email"] for ban in found]


async def is_kept_out(person: Person, room: str) -> bool:
    """By the room's password, from the chat, and from the list where it is an event."""
    body = {"name": room, "password": ROOM_PASSWORD}
    answers = [
        await person.post("/room/access", body),
        await person.post("/message", {"roomname": room, "message": "I am back"}),
        await person.get("/message", params={"roomname": room}),
    ]
    codes = [answer.json().get("code") for answer in answers]
    assert len(set(codes)) == 1, codes
    return codes == ["banned"] * 3


async def test_a_ban_follows_a_change_of_email(ann: Person, eve: Person) -> None:
    room = await ann.creates_room()
    await eve.enters(room)
    old = eve.email
    await ann.bans(old, room)
    for _ in range(2):
        await takes_address(eve, f"{unique('eve')}@example.org")
        assert await is_kept_out(eve, room)
    assert await bans_of(ann, room) == [old], "the creator is not told of her new address"
    done(await ann.post("/room/unban", {"room": room, "email": old}))
    assert await bans_of(ann, room) == []
    await eve.enters(room)


async def test_an_invitation_that_moves_along_lets_nobody_in(ann: Person, eve: Person) -> None:
    event = await ann.creates_event()
    await ann.invites(eve, to=event)
    await ann.bans(eve.email, event)
    await takes_address(eve, f"{unique('eve')}@example.org")
    assert await is_kept_out(eve, event)
    assert event not in await eve.sees()
    done(await ann.post("/room/unban", {"room": event, "email": eve.email}))
    assert event in await eve.sees(), "invited as before"


@pytest.mark.parametrize("which", ["first", "last"])
async def test_a_new_account_of_an_address_that_was_banned(
    ann: Person, eve: Person, visitors: Visitors, which: str
) -> None:
    """Her account had one address after the other; she deletes it, and registers one of them anew."""
    event = await ann.creates_event()
    await ann.invites(eve, to=event)
    await ann.bans(eve.email, event)
    addresses = [eve.email, f"{unique('eve')}@example.org"]
    await takes_address(eve, addresses[1])
    done(await eve.post("/account/deletion", {"password": PASSWORD}))
    again = await visitors.guest("eve", email=addresses[0 if which == "first" else 1])
    assert await is_kept_out(again, event)
    assert event not in await again.sees()


async def test_an_address_that_was_hers_when_she_wrote(ann: Person, eve: Person) -> None:
    """All that the creator has is the address in the chat; she has another one by now."""
    room = await ann.creates_room()
    await eve.enters(room)
    await eve.writes("something rude", to=room)
    (message,) = await ann.reads(room)
    await takes_address(eve, f"{unique('eve')}@example.org")
    await ann.bans(message["email"], room)
    assert await is_kept_out(eve, room)
    assert await bans_of(ann, room) == [message["email"]]
    done(await ann.post("/room/unban", {"room": room, "email": message["email"]}))
    await eve.enters(room)


async def test_a_ban_from_before_the_account(ann: Person, visitors: Visitors) -> None:
    email = f"{unique('eve')}@example.org"
    room = await ann.creates_room()
    await ann.bans(email, room)
    eve = await visitors.client("eve", email=email)
    assert await is_kept_out(eve, room)
    await takes_address(eve, f"{unique('eve')}@example.org")
    assert await is_kept_out(eve, room)
