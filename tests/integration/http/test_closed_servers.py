"""Servers that take not everybody: PARLOUR_REGISTRATION, PARLOUR_ROOM_CREATION, PARLOUR_PUBLIC_ROOM_LIST."""

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.people import PASSWORD, Person, Visitors, done, unique
from tests.servers import ParlourServer
from tests.servers.command import run_parlour

sqlite = pytest.mark.database("sqlite")


async def resident(server: ParlourServer, visitors: Visitors, *, email: str) -> Person:
    """A client whom the command line makes, logged in."""
    person = await visitors.stranger("resi", email=email)
    assert person.username
    ended = await run_parlour(
        "user", "create", person.username, email, "--password", PASSWORD,
        folder=server.folder, settings=server.settings,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    await person.logs_in()
    return person


def registration_of(person: Person) -> dict[str, str | None]:
    return {"email": person.email, "username": person.username, "password": PASSWORD}


async def test_who_is_invited_registers_and_nobody_else(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_REGISTRATION": "invitation"})
    async with Visitors(server) as visitors:
        ann = await resident(server, visitors, email="ann@example.org")
        eve, bob, gus = [await visitors.stranger(name) for name in ("eve", "bob", "gus")]
        gus.username = None
        refused(await eve.post("/client", registration_of(eve)), 403, "invitation_required")
        refused(await eve.post("/guest", {"email": eve.email}), 403, "invitation_required")
        room = await ann.creates_room()
        await ann.invites(bob, gus, eve, to=room)
        await ann.bans(eve.email, room)
        refused(await eve.post("/client", registration_of(eve)), 403, "invitation_required")
        for person in (bob, gus):
            await server.expect_mail(person.email)
            await person.registers()
            await person.confirms()
        await bob.logs_in()
        assert room in await bob.sees()
        config = done(await eve.get("/config")).json()
        assert (config["registration"], config["registration_domains"]) == ("invitation", [])


@sqlite
async def test_a_new_address_has_to_be_of_an_allowed_domain(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_REGISTRATION": "example.org"})
    async with Visitors(server) as visitors:
        ann = await resident(server, visitors, email="ann@example.org")
        for email, refusal in (("ann@example.net", "email_domain_not_allowed"), ("lee@example.org", None)):
            answer = await ann.put("/client/email", json={"password": PASSWORD, "email": email})
            if refusal:
                refused(answer, 403, refusal)
            else:
                done(answer)


@sqlite
async def test_a_registration_that_waits_when_the_server_closes(fresh_server: StartServer) -> None:
    """Its link makes no account any more."""
    server = await fresh_server()
    async with Visitors(server) as visitors:
        eve = await visitors.stranger("eve")
        await eve.registers()
        token = await eve.reads_link()
        server.settings["PARLOUR_REGISTRATION"] = "closed"
        await server.restart()
        refused(await eve.put("/client/verify", params={"token": token}), 403, "registration_closed")
        refused(await eve.post("/client", registration_of(eve)), 403, "registration_closed")
        assert done(await eve.get("/config")).json()["registration"] == "closed"


@sqlite
async def test_rooms_of_those_who_may(fresh_server: StartServer) -> None:
    """By the address that one has now; strangers see no rooms here."""
    settings = {
        "PARLOUR_REGISTRATION": "example.org",
        "PARLOUR_ROOM_CREATION": "boss@example.org,staff.example",
        "PARLOUR_PUBLIC_ROOM_LIST": "false",
    }
    server = await fresh_server(settings)
    async with Visitors(server) as visitors:
        boss = await visitors.client("boss", email="boss@example.org")
        ann, eve = await visitors.client("ann"), await visitors.stranger("eve", email="eve@example.net")
        refused(await eve.post("/client", registration_of(eve)), 403, "email_domain_not_allowed")
        room = await boss.creates_room()
        body = {"name": unique("room"), "password": "x", "description": "", "creator": ann.username}
        refused(await ann.post("/room", body), 403, "room_creation_not_allowed")
        allowed = [done(await who.get("/room/creation")).json()["allowed"] for who in (boss, ann)]
        assert allowed == [True, False]
        assert room in await ann.sees()
        assert done(await eve.post("/room/check", {"limit": 5})).json() == []
        assert done(await eve.post("/room/check")).json() == []
        config = done(await eve.get("/config")).json()
        assert config["registration_domains"] == ["example.org"]
        assert (config["room_creation"], config["public_room_list"]) == ("listed", False)
        assert "boss" not in str(config)


async def test_an_unlisted_room_is_seen_by_its_members(visitors: Visitors) -> None:
    ann, bob, carl, gus = [await visitors.client(name) for name in ("ann", "bob", "carl", "gus")]
    room = await ann.creates_room(listed=False)
    await ann.invites(carl, to=room)
    stranger = await visitors.stranger()
    assert (await ann.sees())[room]["listed"] is False
    assert room in await carl.sees()
    for person in (bob, gus, stranger):
        assert room not in await person.sees()
    await bob.enters(room)
    assert room in await bob.sees()
    await ann.bans(bob.email, room)
    await ann.bans(carl.email, room)
    for person in (bob, carl, gus):
        assert room not in await person.sees()
    await gus.enters(room)
    await ann.makes_event(room)
    assert room not in await gus.sees()
    other = await ann.creates_room(listed=True)
    assert "listed" not in (await ann.sees())[other]
