"""GET /refresh, PUT /logout, and how long tokens work."""

import asyncio

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.integration.http.storage import bcrypt_hash, import_client
from tests.integration.http.tokens import claims, expiry, forgeries
from tests.people import PASSWORD, Person, Visitors, done, unique


@pytest.fixture
async def twin(ann: Person, visitors: Visitors) -> Person:
    """Ann at another browser: what ends there does not end her own session."""
    twin = await visitors.same(ann)
    await twin.logs_in()
    return twin


async def refresh_with(person: Person, cookie: str) -> httpx.Response:
    """The person's own cookie stays as it was."""
    return await person.http.get("/refresh", headers={"Cookie": f"jwt={cookie}"})


def cookie_of(answer: httpx.Response) -> str:
    cookie = answer.headers["set-cookie"].split(";")[0]
    assert cookie.startswith("jwt=")
    return cookie.removeprefix("jwt=")


async def test_a_refresh_replaces_both_tokens(twin: Person) -> None:
    token, cookie = twin.token, twin.cookie
    answer = await twin.http.get("/refresh")
    assert answer.status_code == 200
    assert set(answer.json()) == {"accessToken", "email", "username"}
    assert (answer.json()["email"], answer.json()["username"]) == (twin.email, twin.username)
    assert answer.json()["accessToken"] != token
    assert twin.cookie != cookie
    twin.token = answer.json()["accessToken"]
    done(await twin.get("/ice"))
    (attributes,) = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "Path=/"} <= set(attributes.split("; "))


async def test_a_refresh_goes_on_for_a_day_from_each_use(twin: Person) -> None:
    for _ in range(3):
        done(await twin.http.get("/refresh"))
    refresh = claims(twin.cookie)
    assert refresh["exp"] - refresh["iat"] == 86_400


async def test_a_refresh_without_a_cookie(nobody: Person, ann: Person) -> None:
    refused(await nobody.http.get("/refresh"), 401, "no_refresh_token")
    bearer = {"Authorization": f"Bearer {ann.token}"}
    refused(await nobody.http.get("/refresh", headers=bearer), 401, "no_refresh_token")


async def test_two_tabs_may_refresh_with_one_cookie(twin: Person) -> None:
    """Within the grace, the replaced token gets the one that replaced it."""
    first = twin.cookie
    done(await twin.http.get("/refresh"))
    late = await refresh_with(twin, first)
    assert late.status_code == 200
    assert cookie_of(late) == twin.cookie
    done(await twin.http.get("/refresh"))


async def test_the_reuse_of_a_replaced_token_ends_the_family(twin: Person) -> None:
    """Two generations back is reuse, however short the time."""
    stolen = twin.cookie
    done(await twin.http.get("/refresh"))
    done(await twin.http.get("/refresh"))
    refused(await refresh_with(twin, stolen), 403, "session_over")
    refused(await twin.http.get("/refresh"), 403, "session_over")
    refused(await twin.http.get("/ice"), 401, "identity_required")


async def test_the_reuse_ends_no_other_family(twin: Person, visitors: Visitors) -> None:
    third = await visitors.same(twin)
    await third.logs_in()
    stolen = twin.cookie
    await twin.refreshes()
    await twin.refreshes()
    refused(await refresh_with(twin, stolen), 403, "session_over")
    await third.refreshes()
    await third.logs_in()


async def test_forged_cookies_refresh_nothing(twin: Person) -> None:
    for what, forged in forgeries(twin.cookie).items():
        answer = await refresh_with(twin, forged)
        assert answer.status_code == 403, what
        refused(answer, 403, "session_over")
        assert "set-cookie" not in answer.headers
    done(await twin.http.get("/refresh"))


async def test_an_access_token_is_no_cookie(twin: Person) -> None:
    refused(await refresh_with(twin, twin.token or ""), 403, "session_over")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
async def test_another_site_refreshes_nothing(twin: Person, origin: str) -> None:
    before = twin.cookie
    refused(await twin.http.get("/refresh", headers={"Origin": origin}), 403, "origin_not_allowed")
    assert twin.cookie == before
    await twin.refreshes()


async def test_many_tabs_refresh_at_once(twin: Person) -> None:
    cookie = twin.cookie
    answers = await asyncio.gather(*(refresh_with(twin, cookie) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({cookie_of(answer) for answer in answers}) == 1
    done(await refresh_with(twin, cookie_of(answers[0])))


# -------------------------------------------------------------------------------------------- logout


def cleared(answer: httpx.Response) -> bool:
    assert answer.status_code == 204
    assert answer.content == b""
    name, *attributes = answer.headers["set-cookie"].split("; ")
    return name in ("jwt=", 'jwt=""') and {"Max-Age=0", "Path=/", "HttpOnly"} <= set(attributes)


async def test_logging_out_ends_the_session(twin: Person) -> None:
    cookie = twin.cookie
    assert cleared(await twin.http.put("/logout"))
    assert "jwt" not in twin.http.cookies
    refused(await twin.http.get("/refresh"), 401, "no_refresh_token")
    refused(await refresh_with(twin, cookie), 403, "session_over")
    answer = await twin.http.get("/ice", headers={"Cookie": f"jwt={cookie}"})
    refused(answer, 401, "identity_required")


async def test_logging_out_ends_no_other_session(twin: Person, visitors: Visitors) -> None:
    third = await visitors.same(twin)
    await third.logs_in()
    assert cleared(await twin.http.put("/logout"))
    await third.refreshes()


async def test_logging_out_with_a_replaced_cookie(twin: Person) -> None:
    old = twin.cookie
    await twin.refreshes()
    assert cleared(await twin.http.put("/logout", headers={"Cookie": f"jwt={old}"}))
    refused(await twin.http.get("/refresh"), 401, "no_refresh_token")


async def test_logging_out_always_succeeds(nobody: Person, twin: Person) -> None:
    assert cleared(await nobody.http.put("/logout"))
    for forged in forgeries(twin.cookie).values():
        assert cleared(await nobody.http.put("/logout", headers={"Cookie": f"jwt={forged}"}))
    assert cleared(await nobody.http.put("/logout", headers={"Authorization": "Bearer nonsense"}))
    assert cleared(await nobody.http.put("/logout", content=b"{nonsense"))
    assert cleared(await twin.http.put("/logout"))
    assert cleared(await twin.http.put("/logout"))


async def test_another_site_logs_nobody_out(twin: Person) -> None:
    cookie = twin.cookie
    headers = {"Cookie": f"jwt={cookie}", "Origin": "https://evil.example"}
    assert (await twin.http.put("/logout", headers=headers)).status_code == 204
    done(await refresh_with(twin, cookie))


async def test_a_guest_logs_out(visitors: Visitors) -> None:
    gus = await visitors.guest()
    cookie = gus.cookie
    assert cleared(await gus.http.put("/logout"))
    refused(await refresh_with(gus, cookie), 403, "session_over")


# ---------------------------------------------------------------------------------------- lifetimes


@pytest.mark.database("sqlite")
async def test_a_session_has_an_end_however_often_it_is_used(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_SESSION_TTL": 8})
    async with Visitors(server) as visitors:
        ann = await visitors.client("ann")
        end = claims(ann.cookie)["exp"]
        assert end - claims(ann.cookie)["iat"] == 8
        await ann.refreshes()
        assert claims(ann.cookie)["exp"] == claims(ann.token or "")["exp"] == end
        await expiry(ann.cookie)
        refused(await ann.get("/ice"), 401, "invalid_token")
        refused(await refresh_with(ann, ann.cookie), 403, "session_over")
        await ann.logs_in()
        done(await ann.get("/ice"))


async def test_tokens_end_by_themselves(hasty_visitors: Visitors) -> None:
    ann = await hasty_visitors.stranger(unique("ann")[:12])
    import_client(
        ann.server, email=ann.email, username=ann.username or "", password_hash=bcrypt_hash(PASSWORD)
    )
    await ann.logs_in()
    assert claims(ann.token or "")["exp"] - claims(ann.token or "")["iat"] == 1
    cookie = ann.cookie
    await expiry(ann.token or "")
    refused(await ann.get("/ice"), 401, "invalid_token")
    await expiry(cookie)
    refused(await refresh_with(ann, cookie), 403, "session_over")
    answer = await ann.http.get("/ice", headers={"Cookie": f"jwt={cookie}"})
    refused(answer, 401, "identity_required")
    assert (await ann.http.put("/logout", headers={"Cookie": f"jwt={cookie}"})).status_code == 204
