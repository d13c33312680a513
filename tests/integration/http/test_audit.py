"""The audit log: who logged in, what was refused, what changed; as `parlour audit` prints it."""

import asyncio

import pytest

from parlour.audit.counts import REFUSALS_KEPT
from tests.conftest import StartServer
from tests.people import PASSWORD, ROOM_PASSWORD, Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour


async def printed(server: ParlourServer, *until: str) -> list[list[str]]:
    """The log's lines once all of `until` are among them: they are written after the answer, and what is
    counted a second later still.
    """
    async with asyncio.timeout(120):
        while True:
            ended = await run_parlour(
                "audit", "--limit", "1000", folder=server.folder, settings=server.settings
            )
            assert ended.code == 0, ended.err
            if all(text in ended.out for text in until):
                return [line.split("\t") for line in ended.out.splitlines()]


async def test_logins_refusals_and_changes_are_told(server: ParlourServer, visitors: Visitors) -> None:
    ann, bob = await visitors.client("ann"), await visitors.client("bob")
    wrong = {"username": ann.username, "password": "not the secret"}
    assert (await ann.post("/client/login", wrong)).status_code == 401
    room = await ann.creates_room(password="a secret of the room")
    assert (await bob.get("/message", params={"roomname": room})).status_code == 403
    await bob.post("/room/access", {"name": room, "password": "a wrong guess"})
    await bob.enters(room, "a secret of the room")
    await ann.invites(bob, to=room)
    await ann.bans(bob.email, room)
    await bob.post("/message", {"roomname": room, "message": "private words"})
    await ann.makes_event(room)
    await ann.post("/room/remove", {"room": room})
    lines = await printed(server, f"room_removed\t{ann.email}", f"wrong_credentials\t-\t{ann.email}")
    told = [(kind, code, actor) for _, kind, code, actor, *_ in lines if actor in (ann.email, bob.email)]
    for entry in (
        ("login", "login", ann.email),
        ("room", "room_created", ann.email),
        ("refusal", "not_admitted", bob.email),
        ("refusal", "wrong_room_password", bob.email),
        ("role", "admitted", bob.email),
        ("role", "invited", ann.email),
        ("role", "banned", ann.email),
        ("refusal", "banned", bob.email),
        ("room", "event_made", ann.email),
        ("room", "room_removed", ann.email),
    ):
        assert entry in told or entry[2] == ann.username, entry
    assert ["refusal", "wrong_credentials", "-", ann.email] in [line[1:5] for line in lines], "counted"
    everything = str(lines)
    for secret in (PASSWORD, ROOM_PASSWORD, "not the secret", "a secret", "a wrong guess", "private words"):
        assert secret not in everything


async def test_nobody_forges_a_line(server: ParlourServer, visitors: Visitors) -> None:
    """What a known person names is one line of at most 320 bytes."""
    ann = await visitors.client("ann")
    mark = ann.email
    forged = f"{mark}\n2026-01-01T00:00:00Z\tlogin\tlogin\troot@example.org" + "\N{FIRE}" * 1000
    await ann.post("/room/access", {"name": await ann.creates_room(), "password": "x", "email": forged})
    lines = await printed(server, "wrong_room_password\t" + mark)
    [line] = [line for line in lines if line[2:4] == ["wrong_room_password", mark]]
    assert f"{mark}?2026" in line[4]
    assert len(line[4].encode()) <= 320


@pytest.mark.database("sqlite")
async def test_what_nobody_in_particular_does_is_counted(fresh_server: StartServer) -> None:
    """Whatever strangers write into bodies, none of it is kept, and many requests make a few lines."""
    server = await fresh_server()
    mark = "\N{FIRE}" * 50
    async with Visitors(server) as visitors:
        ann, nobody = await visitors.client("ann"), await visitors.stranger()
        for number in range(9):
            name = ann.username if number % 3 else f"{mark}{number}"
            answer = await nobody.post("/client/login", {"username": name, "password": f"wrong {number}"})
            assert answer.status_code in (401, 429)
            await nobody.put("/client/verify", params={"token": f"{mark}{number}"})
    await server.terminate()
    lines = await printed(server, "invalid_verification")
    counted = {tuple(line[2:6]): int(line[6].split()[0]) for line in lines if len(line) == 7}
    network = "127.0.0.0/24"
    assert counted["invalid_verification", "-", "-", network] == 9
    assert counted["wrong_credentials", "-", "-", network] == 3
    assert counted["wrong_credentials", "-", ann.email, network] > 0
    assert len(lines) < 12
    assert mark not in str(lines)


@pytest.mark.database("sqlite")
async def test_who_is_refused_all_the_time_makes_few_lines(fresh_server: StartServer) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        room = await ann.creates_room()
        for _ in range(REFUSALS_KEPT + 7):
            assert (await bob.get("/message", params={"roomname": room})).status_code == 403
    await server.terminate()
    lines = [line for line in await printed(server, "not_admitted") if "not_admitted" in line]
    assert len([line for line in lines if line[3] == bob.email]) == REFUSALS_KEPT
    [counted] = [line for line in lines if line[3] == "-"]
    assert (counted[4], counted[6].split()[0]) == (bob.email, "7")


async def test_who_logged_out(server: ParlourServer, visitors: Visitors) -> None:
    """Whatever the body says."""
    ann = await visitors.client("ann")
    await ann.http.put("/logout", json={"username": "mallory", "email": "mallory@example.org"})
    lines = await printed(server, f"logout\t{ann.email}")
    assert "mallory@example.org" not in [line[3] for line in lines]
