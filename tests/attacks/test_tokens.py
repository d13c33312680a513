"""Attacks on tokens: each forgery is tried as an access token and as a cookie."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.integration.http.tokens import claims, forgeries
from tests.people import Person, Visitors
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")


def secret_of(server: ParlourServer) -> str:
    """What a thief of the data folder would have; the attacks below are refused even to them."""
    return Path(server.settings["PARLOUR_DATA_DIR"], "secret_key").read_text()


async def gets_in(person: Person, *, token: str = "", cookie: str = "") -> bool:
    headers = {"Authorization": f"Bearer {token}"} if token else {"Cookie": f"jwt={cookie}"}
    person.http.cookies.clear()
    answer = await person.http.get("/ice", headers=headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def signed(server: ParlourServer, genuine: str, **changes: Any) -> str:
    header = jwt.get_unverified_header(genuine)
    changed = {**claims(genuine), **changes}
    kept = {name: value for name, value in changed.items() if value is not None}
    return jwt.encode(kept, secret_of(server), "HS256", headers=header)


@pytest.mark.parametrize("attack", ["alg none", "alg none, signed", "no signature"])
async def test_jwt_alg_none(ann: Person, visitors: Visitors, attack: str) -> None:
    thief = await visitors.stranger()
    assert not await gets_in(thief, token=forgeries(ann.token or "")[attack])
    assert not await gets_in(thief, cookie=forgeries(ann.cookie)[attack])


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_jwt_key_confusion(
    server: ParlourServer, ann: Person, visitors: Visitors, algorithm: str
) -> None:
    """The right key under another algorithm, and an algorithm of another family."""
    thief = await visitors.stranger()
    confused = jwt.encode(claims(ann.token or ""), secret_of(server), algorithm)
    assert not await gets_in(thief, token=confused)
    assert not await gets_in(thief, token=forgeries(ann.token or "")["other algorithm"])


async def test_jwt_expired(server: ParlourServer, ann: Person, visitors: Visitors) -> None:
    thief = await visitors.stranger()
    now = int(time.time())
    for kind, genuine in (("token", ann.token or ""), ("cookie", ann.cookie)):
        old = signed(server, genuine, iat=now - 20, exp=now - 10)
        assert not await gets_in(thief, **{kind: old})
        assert not await gets_in(thief, **{kind: signed(server, genuine, exp=None)})


async def test_jwt_wrong_audience(server: ParlourServer, ann: Person, visitors: Visitors) -> None:
    thief = await visitors.stranger()
    for changes in ({"aud": "https://other.example"}, {"iss": "https://other.example"}):
        assert not await gets_in(thief, token=signed(server, ann.token or "", **changes))


async def test_jwt_wrong_type(ann: Person, visitors: Visitors) -> None:
    """A refresh token is no access token, an access token no cookie, a link's token neither."""
    thief = await visitors.stranger()
    await thief.registers()
    link = await thief.reads_link()
    assert not await gets_in(thief, token=ann.cookie)
    assert not await gets_in(thief, cookie=ann.token or "")
    assert not await gets_in(thief, token=link)
    assert not await gets_in(thief, cookie=link)
    assert (await thief.put("/client/verify", params={"token": ann.token})).status_code == 403


async def test_refresh_replay(visitors: Visitors) -> None:
    """A stolen cookie that is used after its owner went on ends the session of both."""
    victim = await visitors.client("victim")
    stolen = victim.cookie
    await victim.refreshes()
    await victim.refreshes()
    thief = await visitors.stranger()
    answer = await thief.http.get("/refresh", headers={"Cookie": f"jwt={stolen}"})
    assert answer.status_code == 403
    assert (await victim.http.get("/refresh")).status_code == 403
