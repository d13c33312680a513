"""Who somebody is follows from the handshake, never from what the client says."""

import asyncio
import json

import jwt
import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect, Peers, Raw
from tests.integration.signaling.raw import RawSocket
from tests.integration.signaling.town import Town
from tests.people import Person

sqlite = pytest.mark.database("sqlite")


async def names_of(ann: Client, bob: Client, room: str) -> tuple[str, str]:
    """As each one sees the other, after both claimed another name in every way there is."""
    for client in (ann, bob):
        await client.emit("username", "mallory")
    await ann.joins(room)
    await bob.may("username", "mallory")
    await bob.joins(room)
    bob_seen = await ann.expects("add-peer", peerID=bob.peer_id)
    ann_seen = await bob.expects("add-peer", peerID=ann.peer_id)
    return ann_seen["peerUsername"], bob_seen["peerUsername"]


async def test_by_token(connect: Connect, town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob)
    assert await names_of(await connect(ann), await connect(bob), room) == (ann.username, bob.username)


@sqlite
async def test_by_cookie(connect: Connect, town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob)
    from_page = await connect(ann, by_cookie=True, origin=connect.server.url)
    without_origin = await connect(bob, by_cookie=True)
    assert await names_of(from_page, without_origin, room) == (ann.username, bob.username)


@sqlite
async def test_guest_is_called_guest(connect: Connect, town: Town) -> None:
    ann, gus = await town.person("ann"), await town.guest()
    room = await town.room(ann, gus)
    assert await names_of(await connect(ann), await connect(gus), room) == (ann.username, "Guest")


@sqlite
@pytest.mark.kinds("js-websocket", "py-polling")
async def test_guest_by_cookie(connect: Connect, town: Town) -> None:
    ann, gus = await town.person("ann"), await town.guest()
    room = await town.room(ann, gus)
    client = await connect(gus, by_cookie=True)
    assert await names_of(await connect(ann), client, room) == (ann.username, "Guest")


@sqlite
@pytest.mark.kinds("js-websocket")
async def test_token_counts_before_cookie(connect: Connect, town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob)
    both = connect.attempts(bob, token=bob.token, cookie=ann.cookie)
    await both.inbox.take("connect")
    assert await names_of(await connect(ann), both, room) == (ann.username, bob.username)


@sqlite
async def test_forged_token_is_refused_with_a_reason(connect: Connect, town: Town) -> None:
    client = connect.attempts(await town.person("ann"), token="forged")
    problem = await client.gets("connect_error")
    assert problem["message"]
    assert problem["data"]["code"] == "invalid_token"


def forgeries(ann: Person) -> dict[str, object]:
    assert ann.token is not None
    claims = jwt.decode(ann.token, options={"verify_signature": False})
    head, body, signature = ann.token.split(".")
    unsigned = jwt.encode(claims, "", algorithm="none")
    return {
        "garbage": "x",
        "long": "x" * 100_000,
        "another secret": jwt.encode(claims, "s" * 48, algorithm="HS256"),
        "no algorithm": unsigned,
        "no signature": f"{head}.{body}.",
        "cut off": f"{head}.{body}.{signature[:-2]}",
        "a refresh token": ann.cookie,
        "a number": 7,
        "a list": [ann.token],
        "an object": {"token": ann.token},
        "true": True,
        "NUL": "\0",
        "lone surrogate": "\ud800",
        "with a space": f" {ann.token}",
    }


@sqlite
async def test_no_forgery_gets_in(raw: Raw, town: Town) -> None:
    ann = await town.person("ann")
    socket = await raw()
    for how, token in forgeries(ann).items():
        await socket.sends("40" + json.dumps({"token": token}))
        frame = await socket.frame()
        assert frame.startswith("44"), f"{how}: {frame}"
        problem = json.loads(frame[2:])
        assert (bool(problem["message"]), problem["data"]["code"]) == (True, "invalid_token"), how
    assert ann.token is not None
    await socket.identifies(ann.token)  # who was refused may try again on the same transport


@sqlite
async def test_expired_token_is_refused_with_a_reason(raw: Raw, town: Town) -> None:
    ann = await town.person("ann")
    assert ann.token is not None
    claims = jwt.decode(ann.token, options={"verify_signature": False})
    secret = (town.server.folder / "data" / "secret_key").read_text().strip()
    assert jwt.decode(ann.token, secret, algorithms=["HS256"], audience=claims["aud"]), "not its secret"
    expired = jwt.encode(
        {**claims, "exp": claims["iat"] - 1},
        secret,
        algorithm="HS256",
        headers=jwt.get_unverified_header(ann.token),
    )
    socket = await raw()
    await socket.sends("40" + json.dumps({"token": expired}))
    assert json.loads((await socket.expects("44"))[2:])["data"]["code"] == "invalid_token"


@sqlite
async def test_forged_cookie_is_refused_with_a_reason(raw: Raw) -> None:
    socket = await raw(cookie="forged")
    await socket.sends("40")
    assert json.loads((await socket.expects("44"))[2:])["data"]["code"] == "invalid_token"


async def never_let_in(socket: RawSocket, visitor: Person) -> None:
    """It hears nothing of its own until the transport ends."""
    await socket.sends("40")
    await visitor.logs_in()
    frames = await socket.expects_close()
    assert [frame for frame in frames if frame.startswith(("40", "42"))] == []


@sqlite
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
async def test_cookie_from_a_foreign_site_does_not_count(
    raw: Raw, town: Town, address: str, headers: dict[str, str]
) -> None:
    """Refused at the handshake, or left to wait like anybody without identity."""
    ann = await town.person("ann")
    visitor = await town.at(address, ann)
    refused_with = 0
    try:
        await never_let_in(await raw(cookie=ann.cookie, address=address, headers=headers), visitor)
    except InvalidStatus as refused:
        refused_with = refused.response.status_code
    assert refused_with == 0 or 400 <= refused_with < 500


@sqlite
async def test_polling_with_a_cookie_from_a_foreign_site_does_not_count(town: Town, address: str) -> None:
    ann = await town.person("ann")
    visitor = await town.at(address, ann)
    headers = {"Origin": "https://evil.example", "Cookie": f"jwt={ann.cookie}"}
    url = "/socket.io/?EIO=4&transport=polling"
    opening = await visitor.http.get(url, headers=headers)
    assert opening.headers.get("access-control-allow-origin") != "https://evil.example"
    if opening.status_code == 200:
        url += "&sid=" + json.loads(opening.text[1:])["sid"]
        await visitor.http.post(url, headers=headers, content="40")
        polling = asyncio.create_task(visitor.http.get(url, headers=headers))
        await visitor.logs_in()
        assert not (await polling).text.startswith("40")


@sqlite
@pytest.mark.kinds("js-websocket")
async def test_events_before_the_connect_do_nothing(raw: Raw, peers: Peers, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        socket = await raw(cookie=ann.person.cookie)
        await socket.sends(f'42["join",{{"room":"{ann.room}"}}]', f'421["join",{{"room":"{ann.room}"}}]')
        await socket.is_open()
        await marks(ann, bob)
