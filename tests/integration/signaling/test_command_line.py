"""A running server hears what the command line does: it is another process, on the same database."""

import pytest

from tests.integration.signaling.client import Client
from tests.integration.signaling.conftest import Connect
from tests.integration.signaling.test_session_end import expects_session_end
from tests.integration.signaling.town import Town
from tests.people import PASSWORD, Person
from tests.servers.command import run_parlour

pytestmark = pytest.mark.kinds("js-websocket")


async def parlour(town: Town, *arguments: str, **settings: str) -> str:
    ended = await run_parlour(
        *arguments, folder=town.server.folder, settings={**town.server.settings, **settings}
    )
    assert (ended.code, ended.err) == (0, ""), ended.err
    return ended.out


async def two_in_a_call(connect: Connect, town: Town) -> tuple[Person, str, Client, Client]:
    """Return Eve, whom nobody else knows, the room, and the sockets of Bob and of her, who have met in its
    call.
    """
    eve, bob = await town.newcomer("eve"), await town.person("bob")
    room = await town.room(eve, bob)
    here, there = await connect(bob), await connect(eve)
    await here.joins(room)
    await there.joins(room)
    await here.expects("add-peer", peerID=there.peer_id)
    return eve, room, here, there


@pytest.mark.parametrize(
    ("command", "code"),
    [("disable", "session_ended"), ("password", "session_ended"), ("delete", "account_deleted")],
)
async def test_sockets_of_an_account_end(connect: Connect, town: Town, command: str, code: str) -> None:
    eve, _, here, there = await two_in_a_call(connect, town)
    await parlour(town, "user", command, eve.email, PARLOUR_USER_PASSWORD="another good phrase")
    await expects_session_end(there, code)
    await here.expects("remove-peer", peerID=there.peer_id)
    status, refusal = {
        "disable": (403, "account_disabled"),
        "password": (401, "wrong_credentials"),
        "delete": (401, "wrong_credentials"),
    }[command]
    answer = await eve.post("/client/login", {"username": eve.username, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (status, refusal)
    if command == "disable":
        wrong = await eve.post("/client/login", {"username": eve.username, "password": "a wrong phrase"})
        assert wrong.json()["code"] == "wrong_credentials", "only who knows the password hears of it"
        await parlour(town, "user", "enable", eve.email)
        await eve.logs_in()


async def test_a_call_ends_with_its_room(connect: Connect, town: Town) -> None:
    eve, bob = await town.newcomer("eve"), await town.person("bob")
    room = await town.room(eve, bob)
    here = await connect(bob)
    await here.joins(room)
    await parlour(town, "room", "remove", room)
    removed = await here.expects("removed", room=room)
    assert removed["code"] == "room_removed"


@pytest.mark.database("sqlite")
async def test_a_call_shows_a_new_display_name(connect: Connect, town: Town) -> None:
    eve, _, here, there = await two_in_a_call(connect, town)
    await parlour(town, "user", "name", eve.email, "Eve of the office")
    renamed = await here.expects("peer-renamed", peerID=there.peer_id)
    assert renamed["peerDisplayName"] == "Eve of the office"
