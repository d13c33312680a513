"""Several logins at one browser: which session is remembered, gives way, or ends by whose logout."""

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import moment, nothing_to_say, refused
from tests.integration.http.tokens import claims, expiry, forgeries
from tests.people import Person, Visitors, done


@pytest.fixture
async def eve(visitors: Visitors) -> Person:
    """A client whose sessions nobody else ends."""
    return await visitors.client("eve")


async def logs_in(person: Person, *, at: Person, remember: bool | None = None) -> httpx.Response:
    """`person`, in the browser of somebody else. Existing clients say nothing of remembering."""
    body = {"username": person.username, "password": person.password, "remember": remember}
    answer = done(await at.http.post("/client/login", json=body))
    person.token = answer.json()["accessToken"]
    return answer


def attributes(answer: httpx.Response) -> list[str]:
    """Of the one cookie that an answer sets."""
    (cookie,) = answer.headers.get_list("set-cookie")
    name, *rest = cookie.split("; ")
    assert name.startswith("jwt=")
    return rest


def max_age(answer: httpx.Response) -> int | None:
    """Seconds from the answer on, of which a busy server has used some."""
    found = [one for one in attributes(answer) if one.startswith("Max-Age=")]
    return int(found[0].removeprefix("Max-Age=")) if found else None


def is_for_a_day(answer: httpx.Response) -> bool:
    return 86_340 <= (max_age(answer) or 0) <= 86_400


def lives(cookie: str) -> int:
    return int(claims(cookie)["exp"] - claims(cookie)["iat"])


@pytest.mark.parametrize("remember", [None, True])
async def test_a_session_that_is_remembered(eve: Person, remember: bool | None) -> None:
    """As existing clients have it."""
    assert is_for_a_day(await logs_in(eve, at=eve, remember=remember))
    assert lives(eve.cookie) == 86_400
    assert is_for_a_day(await eve.http.get("/refresh"))


async def test_a_session_that_ends_with_the_browser(eve: Person) -> None:
    """Its cookie has no Max-Age, and the server ends it once nobody has used it for an hour."""
    answer = await logs_in(eve, at=eve, remember=False)
    for _ in range(2):
        assert max_age(answer) is None
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes(answer))
        assert lives(eve.cookie) == 3_600
        answer = done(await eve.http.get("/refresh"))


async def test_one_decides_later(eve: Person) -> None:
    await logs_in(eve, at=eve, remember=False)
    nothing_to_say(await eve.put("/session", json={"remember": True}))
    assert is_for_a_day(await eve.http.get("/refresh"))
    nothing_to_say(await eve.put("/session", json={"remember": False}))
    assert max_age(await eve.http.get("/refresh")) is None


async def test_a_guests_session_ends_with_its_time(visitors: Visitors) -> None:
    gus = await visitors.guest()
    nothing_to_say(await gus.put("/session", json={"remember": False}))
    age = max_age(await gus.http.get("/refresh"))
    assert age is not None
    assert age <= 1_800


async def test_logging_in_again_replaces_the_session_of_the_browser(eve: Person, visitors: Visitors) -> None:
    phone = await visitors.same(eve)
    await phone.logs_in()
    before = eve.token
    for _ in range(3):
        await logs_in(eve, at=eve, remember=False)
    assert len(await eve.sessions()) == 2, "of this browser and of the phone"
    refused(await eve.get("/ice", headers={"Authorization": f"Bearer {before}"}), 401, "invalid_token")
    await phone.refreshes()


async def test_sessions_of_existing_clients_stand_beside_each_other(eve: Person) -> None:
    before = eve.token
    await logs_in(eve, at=eve)
    done(await eve.get("/ice", headers={"Authorization": f"Bearer {before}"}))


async def test_anothers_session_lasts_as_long_as_its_access_token(eve: Person, visitors: Visitors) -> None:
    """Whose cookie was replaced can refresh no more, and goes on as long as a tab may need."""
    bob = await visitors.client("bob")
    await logs_in(bob, at=eve, remember=False)
    (session,) = await eve.sessions()
    done(await eve.get("/ice"))
    lasts = moment(session["expires_at"]).timestamp() - claims(eve.token or "")["iat"]
    assert lasts < 3_000, "the time of an access token, not of a remembered session"


# -------------------------------------------------------------------------------------------- logout


async def test_a_tab_logs_out_by_its_own_token(eve: Person, visitors: Visitors) -> None:
    """Eve's tab, in a browser whose cookie is bob's by now."""
    bob = await visitors.client("bob")
    await logs_in(bob, at=eve)
    answer = await eve.put("/logout")
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers
    refused(await eve.get("/ice"), 401, "invalid_token")
    done(await bob.get("/ice"))
    assert done(await eve.http.get("/refresh")).json()["email"] == bob.email
    assert "Max-Age=0" in attributes(await bob.put("/logout", headers={"Cookie": f"jwt={eve.cookie}"}))
    refused(await eve.http.get("/refresh"), 403, "session_over")


async def test_a_token_of_an_older_login_at_the_same_browser(eve: Person) -> None:
    """The same person's: both sessions end and the cookie goes, as existing clients have it."""
    token, cookie = eve.token, eve.cookie
    await logs_in(eve, at=eve)
    newer, newer_cookie = eve.token, eve.cookie
    answer = await eve.http.put("/logout", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 204
    assert "Max-Age=0" in attributes(answer)
    for one in (token, newer):
        refused(await eve.get("/ice", headers={"Authorization": f"Bearer {one}"}), 401, "invalid_token")
    for one in (cookie, newer_cookie):
        refused(await eve.http.get("/refresh", headers={"Cookie": f"jwt={one}"}), 403, "session_over")


async def test_a_cookie_whose_session_is_over_is_cleared(eve: Person, visitors: Visitors) -> None:
    """Whoever's it was: it is of no use to anybody."""
    bob = await visitors.client("bob")
    await logs_in(bob, at=eve)
    over = eve.cookie
    done(await bob.delete("/session", params={"everywhere": True}))
    answer = await eve.put("/logout", headers={"Cookie": f"jwt={over}"})
    assert "Max-Age=0" in attributes(answer)


async def test_another_site_ends_no_session_of_the_cookie(eve: Person) -> None:
    """With a token it may end that token's session, and nothing else."""
    token = eve.token
    await logs_in(eve, at=eve)
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
    assert (await eve.http.put("/logout", headers=headers)).status_code == 204
    done(await eve.get("/ice"))
    await eve.refreshes()


async def test_a_token_without_a_cookie_logs_out(eve: Person) -> None:
    cookie = eve.cookie
    eve.http.cookies.clear()
    answer = await eve.put("/logout", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 204
    refused(await eve.get("/ice"), 401, "invalid_token")
    refused(await eve.http.get("/refresh", headers={"Cookie": f"jwt={cookie}"}), 403, "session_over")


async def test_a_forged_token_names_no_session(eve: Person) -> None:
    """Then it is the cookie's that ends, as for clients that send nothing else."""
    cookie = eve.cookie
    for what, forged in forgeries(eve.token or "").items():
        answer = await eve.put("/logout", headers={"Authorization": f"Bearer {forged}", "Cookie": "jwt=x"})
        assert answer.status_code == 204, what
    done(await eve.get("/ice"))
    headers = {"Authorization": "Bearer nonsense", "Cookie": f"jwt={cookie}"}
    assert (await eve.http.put("/logout", headers=headers)).status_code == 204
    refused(await eve.get("/ice"), 401, "invalid_token")


@pytest.mark.database("sqlite")
async def test_a_tab_that_slept_logs_out(fresh_server: StartServer) -> None:
    """Its access token has expired, and says all the same whose session is to end."""
    async with Visitors(await fresh_server({"PARLOUR_ACCESS_TOKEN_TTL": 1})) as visitors:
        eve = await visitors.client("eve")
        await expiry(eve.token or "")
        cookie = eve.cookie
        eve.http.cookies.clear()
        assert (await eve.put("/logout")).status_code == 204
        refused(await eve.http.get("/refresh", headers={"Cookie": f"jwt={cookie}"}), 403, "session_over")
