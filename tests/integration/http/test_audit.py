"""The audit log: who logged in, what was refused, what changed; as `parlour audit` prints it."""

import asyncio

from tests.people import PASSWORD, ROOM_PASSWORD, Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour


async def printed(server: ParlourServer, until: str) -> list[list[str]]:
    """The log's lines once `until` is among them: they are written after the answer."""
    async with asyncio.timeout(20):
        while True:
            ended = await run_parlour(
                "audit", "--limit", "1000", folder=server.folder, settings=server.settings
            )
            assert ended.code == 0, ended.err
            if until in ended.out:
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
    lines = await printed(server, f"room_removed\t{ann.email}")
    told = [(kind, code, actor) for _, kind, code, actor, *_ in lines if actor in (ann.email, bob.email)]
    for entry in (
        ("account", "client_registered", ann.username),
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
    assert ["refusal", "wrong_credentials", ann.username] in [line[1:4] for line in lines]
    everything = str(lines)
    for secret in (PASSWORD, ROOM_PASSWORD, "not the secret", "a secret", "a wrong guess", "private words"):
        assert secret not in everything


async def test_nobody_forges_a_line(server: ParlourServer, visitors: Visitors) -> None:
    nobody = await visitors.stranger()
    mark = nobody.email
    forged = f"{mark}\n2026-01-01T00:00:00Z\tlogin\tlogin\troot@example.org"
    await nobody.post("/client/login", {"username": forged, "password": "x"})
    [line] = [line for line in await printed(server, mark) if mark in str(line)]
    assert line[1:3] == ["refusal", "wrong_credentials"]
    assert line[3].startswith(f"{mark}?2026")
