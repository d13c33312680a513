"""Which sockets end with a session, and which go on."""

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.integration.http.tokens import claims, expiry
from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.town import Town
from tests.people import PASSWORD, Person, Visitors, done
from tests.servers.command import run_parlour


async def expects_session_end(client: Client, code: str) -> None:
    last = ""
    while last != "session-ended":
        last, arguments = await client.inbox.any()
    [ended] = arguments
    assert (ended["code"], bool(ended["message"])) == (code, True)
    await client.expects_end()


async def twin_of(person: Person, town: Town) -> Person:
    async with Visitors(town.server) as visitors:
        twin = await visitors.same(person)
        await twin.logs_in()
    return twin


async def test_a_session_ends_with_its_sockets_and_no_others(connect: Connect, town: Town) -> None:
    eve, bob = await town.newcomer("eve"), await town.person("bob")
    room = await town.room(eve, bob)
    here, watching = await connect(bob), await connect(eve)
    await here.joins(room)
    twin = await twin_of(eve, town)
    there = await connect(twin)
    await there.joins(room)
    await here.expects("add-peer", peerID=there.peer_id)
    done(await eve.delete(f"/session/{claims(twin.token or '')['sid']}"))
    await expects_session_end(there, "session_ended")
    await here.expects("remove-peer", peerID=there.peer_id)
    again = connect.attempts(twin, token=twin.token)
    assert (await again.gets("connect_error"))["data"]["code"] == "invalid_token"
    await watching.joins(room)
    await here.expects("add-peer", peerID=watching.peer_id)
    await marks(watching, here)


@pytest.mark.kinds("js-websocket")
@pytest.mark.parametrize(
    ("deed", "code"),
    [
        ("logout", "logged_out"),
        ("everywhere", "session_ended"),
        ("reuse", "session_over"),
        ("deletion", "account_deleted"),
        ("password", "password_changed"),
    ],
)
async def test_however_a_session_ends_its_sockets_do(
    connect: Connect, town: Town, deed: str, code: str
) -> None:
    eve = await town.newcomer("eve")
    client = await connect(eve)
    match deed:
        case "logout":
            await eve.put("/logout")
        case "everywhere":
            done(await eve.delete("/session", params={"everywhere": "true"}))
        case "deletion":
            done(await eve.post("/account/deletion", {"password": PASSWORD}))
        case "password":
            body = {"password": PASSWORD, "new_password": "staple the horse again"}
            token = (await twin_of(eve, town)).token
            headers = {"Authorization": f"Bearer {token}"}
            done(await eve.put("/client/password", json=body, headers=headers))
        case _:
            stolen = eve.cookie
            await eve.refreshes()
            await eve.refreshes()
            refused(await eve.http.get("/refresh", headers={"Cookie": f"jwt={stolen}"}), 403, "session_over")
    await expects_session_end(client, code)


@pytest.mark.kinds("js-websocket")
async def test_a_command_ends_every_session_of_a_person(connect: Connect, town: Town) -> None:
    eve, bob = await town.newcomer("eve"), await town.person("bob")
    client, other = await connect(eve), await connect(bob)
    ended = await run_parlour(
        "user", "logout", eve.email, folder=town.server.folder, settings=town.server.settings
    )
    assert (ended.code, ended.out, ended.err) == (0, f"Ended 1 session of {eve.email}.\n", "")
    await expects_session_end(client, "session_ended")
    refused(await eve.get("/ice"), 401, "invalid_token")
    await other.joins(await town.room(bob))
    again = await run_parlour(
        "user", "logout", "nobody-here", folder=town.server.folder, settings=town.server.settings
    )
    assert (again.code, again.out) == (1, "")


@pytest.mark.database("sqlite")
async def test_a_token_that_expires_ends_no_call(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server({"PARLOUR_ACCESS_TOKEN_TTL": 8})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann, bob = await town.newcomer("ann"), await town.newcomer("bob")
        ann.token = None  # the cookie identifies her meanwhile
        room = await town.room(ann, bob)
        clients = []
        for person in (ann, bob):
            await person.refreshes()
            clients.append(await connect(person))
        for client in clients:
            await client.joins(room)
        await clients[0].expects("add-peer", peerID=clients[1].peer_id)
        await clients[1].expects("add-peer", peerID=clients[0].peer_id)
        for person in (ann, bob):
            await expiry(person.token or "")
            refused(await person.get("/ice"), 401, "invalid_token")
        await marks(clients[0], clients[1])
        await clients[1].may("chat-message", {"message": "still here"})
        await clients[0].expects("chat-message", message="still here")
        await connect.aclose()
