"""/session: where one is logged in, and how that is ended."""

import pytest

from tests.integration.http.answers import moment, nothing_to_say, refused
from tests.integration.http.tokens import claims
from tests.people import Person, Visitors, done


@pytest.fixture
async def eve(visitors: Visitors) -> Person:
    """A client whose sessions nobody else ends."""
    return await visitors.client("eve")


async def again(visitors: Visitors, person: Person, user_agent: str = "") -> Person:
    """The same account, logged in at another browser."""
    twin = await visitors.same(person)
    twin.http.headers["User-Agent"] = user_agent
    await twin.logs_in()
    return twin


async def test_one_sees_where_one_is_logged_in(eve: Person, visitors: Visitors) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    phone = await again(visitors, eve, firefox)
    here, there = await phone.sessions()
    assert (here["device"], here["current"]) == ("Firefox on Linux", True)
    assert (there["device"].startswith("python-httpx/"), there["current"]) == (True, False)
    assert here["session_id"] == claims(phone.token or "")["sid"] != there["session_id"]
    assert moment(here["created_at"]) == moment(here["last_used_at"]) < moment(here["expires_at"])

    await eve.refreshes()
    first, _ = await eve.sessions()
    assert first["session_id"] == there["session_id"], "used last"
    assert moment(first["last_used_at"]) > moment(first["created_at"])
    by_cookie = done(await eve.http.get("/session")).json()["sessions"]
    assert [one["current"] for one in by_cookie] == [True, False]


async def test_one_ends_a_session_elsewhere(eve: Person, visitors: Visitors) -> None:
    phone = await again(visitors, eve)
    there = claims(phone.token or "")["sid"]
    nothing_to_say(await eve.delete(f"/session/{there}"))
    refused(await phone.get("/ice"), 401, "invalid_token")
    refused(await phone.http.get("/refresh"), 403, "session_over")
    assert [one["current"] for one in await eve.sessions()] == [True]
    refused(await eve.delete(f"/session/{there}"), 404, "session_not_found")


async def test_one_ends_the_present_session(eve: Person) -> None:
    answer = await eve.delete(f"/session/{claims(eve.token or '')['sid']}")
    nothing_to_say(answer)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    refused(await eve.get("/session"), 401, "invalid_token")


async def test_one_ends_all_others(eve: Person, visitors: Visitors) -> None:
    others = [await again(visitors, eve) for _ in range(2)]
    answer = await eve.delete("/session")
    nothing_to_say(answer)
    assert "set-cookie" not in answer.headers
    for other in others:
        refused(await other.get("/ice"), 401, "invalid_token")
        refused(await other.http.get("/refresh"), 403, "session_over")
    await eve.refreshes()
    assert len(await eve.sessions()) == 1
    nothing_to_say(await eve.delete("/session"))


async def test_one_logs_out_everywhere(eve: Person, visitors: Visitors) -> None:
    other = await again(visitors, eve)
    answer = await eve.delete("/session", params={"everywhere": "true"})
    nothing_to_say(answer)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    for one in (eve, other):
        refused(await one.get("/session"), 401, "invalid_token")


async def test_nobody_ends_anothers_session(eve: Person, bob: Person) -> None:
    refused(await bob.delete(f"/session/{claims(eve.token or '')['sid']}"), 404, "session_not_found")
    refused(await bob.delete("/session/no-such-session"), 404, "session_not_found")
    done(await eve.get("/ice"))


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/session"), ("DELETE", "/session"), ("DELETE", "/session/x")]
)
async def test_sessions_need_an_identity(nobody: Person, method: str, path: str) -> None:
    refused(await nobody.request(method, path), 401, "identity_required")


async def test_another_site_ends_nothing(eve: Person) -> None:
    """With the cookie alone, as a page of that site would."""
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused(await eve.http.delete("/session", headers=headers), 401, "identity_required")
    done(await eve.get("/ice"))


async def test_a_guest_has_a_session_too(visitors: Visitors) -> None:
    gus = await visitors.guest()
    (only,) = await gus.sessions()
    assert only["current"] is True
