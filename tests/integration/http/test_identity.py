"""Who calls: the Authorization header, else the cookie `jwt` of an allowed site, else nobody."""

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.integration.http.endpoints import BESIDE, ENDPOINTS, Endpoint
from tests.integration.http.storage import event_of
from tests.integration.http.tokens import forgeries
from tests.people import Person, Visitors, done

PROTECTED = tuple(one for one in (*ENDPOINTS, *BESIDE) if one.needs_identity)


async def call(
    http: httpx.AsyncClient, endpoint: Endpoint, headers: dict[str, str] | None = None
) -> httpx.Response:
    params = dict.fromkeys(endpoint.query, "x")
    return await http.request(
        endpoint.method, endpoint.path, params=params, headers=headers, json=endpoint.body or None
    )


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("endpoint", PROTECTED, ids=str)
async def test_nobody_is_told_to_log_in(nobody: Person, endpoint: Endpoint) -> None:
    answer = await call(nobody.http, endpoint)
    refused(answer, 401, "identity_required")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("endpoint", PROTECTED, ids=str)
async def test_a_bad_token_is_told_so(nobody: Person, endpoint: Endpoint) -> None:
    answer = await call(nobody.http, endpoint, {"Authorization": "Bearer nonsense"})
    refused(answer, 401, "invalid_token")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("endpoint", PROTECTED, ids=str)
async def test_the_cookie_identifies_too(ann: Person, endpoint: Endpoint) -> None:
    answer = await call(ann.http, endpoint)
    # "x" is nobody's password, which is another 401.
    assert answer.status_code != 401 or answer.json()["code"] == "wrong_password", answer.text


@pytest.mark.parametrize("endpoint", PROTECTED, ids=str)
async def test_another_site_cannot_use_the_cookie(ann: Person, endpoint: Endpoint) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ):
        refused(await call(ann.http, endpoint, headers), 401, "identity_required")


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if not one.needs_identity], ids=str)
async def test_what_needs_no_login(nobody: Person, endpoint: Endpoint) -> None:
    answer = await call(nobody.http, endpoint)
    assert answer.status_code != 401 or answer.json()["code"] in ("no_refresh_token", "wrong_credentials")


# --------------------------------------------------------------------------------------- the header


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}"])
async def test_the_scheme_is_read_in_any_case(ann: Person, form: str) -> None:
    done(await ann.get("/ice", headers={"Authorization": form.format(ann.token)}))


@pytest.mark.parametrize("form", ["", "Bearer", "{}", "Basic {}", "Token {}", "Bearer {} {}", "Bearer\t{}"])
async def test_headers_that_identify_nobody(ann: Person, form: str) -> None:
    """The cookie is there too, and is not asked."""
    header = form.format(ann.token, ann.token)
    refused(await ann.get("/ice", headers={"Authorization": header}), 401, "invalid_token")


async def test_a_header_that_is_no_ascii(ann: Person) -> None:
    headers = [(b"Authorization", b"Bearer \xc3\xa4\xff")]
    refused(await ann.http.get("/ice", headers=headers), 401, "invalid_token")


async def test_the_header_goes_before_the_cookie(ann: Person, bob: Person) -> None:
    event = event_of(bob)
    headers = {"Authorization": f"Bearer {bob.token}"}
    done(await ann.http.post("/message", json={"roomname": event, "message": "Bob here"}, headers=headers))
    (message,) = await bob.reads(event)
    assert message["email"] == bob.email


async def test_forged_tokens(ann: Person, nobody: Person) -> None:
    for what, forged in forgeries(ann.token or "").items():
        answer = await nobody.get("/ice", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401, what
        refused(answer, 401, "invalid_token")


async def test_tokens_of_another_kind(ann: Person, visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    for token in (ann.cookie, await eve.reads_link()):
        answer = await eve.get("/ice", headers={"Authorization": f"Bearer {token}"})
        refused(answer, 401, "invalid_token")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_the_header_works_from_any_site(ann: Person, origin: str) -> None:
    """No browser adds it by itself."""
    done(await ann.get("/ice", headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"}))


# --------------------------------------------------------------------------------------- the cookie


@pytest.mark.parametrize("site", [None, "same-origin", "same-site", "none"])
async def test_without_an_origin_the_same_site_may_use_the_cookie(ann: Person, site: str | None) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    done(await ann.http.get("/ice", headers=headers))


@pytest.mark.parametrize("site", [None, "same-origin", "same-site", "cross-site"])
async def test_an_allowed_origin_may_use_the_cookie(ann: Person, site: str | None) -> None:
    headers = {"Origin": ann.server.url} | ({"Sec-Fetch-Site": site} if site else {})
    done(await ann.http.get("/ice", headers=headers))


async def test_an_origin_is_right_to_the_letter(ann: Person) -> None:
    own = httpx.URL(ann.server.url)
    for origin in (
        f"https://{own.host}:{own.port}",
        f"http://{own.host}",
        f"http://{own.host}:{(own.port or 0) + 1}",
        f"{ann.server.url}.evil.example",
        f"{ann.server.url}/",
        f"http://evil.{own.host}:{own.port}",
        "",
    ):
        answer = await ann.http.get("/ice", headers={"Origin": origin})
        refused(answer, 401, "identity_required")


@pytest.mark.database("sqlite")
async def test_allowed_origins_are_a_setting(fresh_server: StartServer) -> None:
    server = await fresh_server(
        {
            "PARLOUR_PUBLIC_URL": "http://localhost:8443",
            "PARLOUR_ALLOWED_ORIGINS": "https://meet.example.org, https://talk.example.org",
        }
    )
    async with Visitors(server) as visitors:
        gus = await visitors.guest()
        for origin in ("http://localhost:8443", "https://meet.example.org", "https://talk.example.org"):
            done(await gus.http.get("/ice", headers={"Origin": origin}))
        for origin in ("https://example.org", "http://meet.example.org", "https://meet.example.org:8443"):
            answer = await gus.http.get("/ice", headers={"Origin": origin})
            refused(answer, 401, "identity_required")


async def test_forged_cookies(ann: Person, nobody: Person) -> None:
    for what, forged in (forgeries(ann.cookie) | {"access token": ann.token or "", "empty": ""}).items():
        answer = await nobody.http.get("/ice", headers={"Cookie": f"jwt={forged}"})
        assert answer.status_code == 401, what
        refused(answer, 401, "identity_required")


async def test_a_cookie_among_others(ann: Person, nobody: Person) -> None:
    for cookies in ("theme=dark; jwt={}; x=y", "jwt={}; jwt2=x", "a; b=; jwt={}"):
        done(await nobody.http.get("/ice", headers={"Cookie": cookies.format(ann.cookie)}))
    for cookies in ("JWT={}", "xjwt={}", "jwt2={}"):
        answer = await nobody.http.get("/ice", headers={"Cookie": cookies.format(ann.cookie)})
        refused(answer, 401, "identity_required")


async def test_a_replaced_cookie_identifies_for_a_moment(ann: Person, visitors: Visitors) -> None:
    twin = await visitors.same(ann)
    await twin.logs_in()
    first = twin.cookie
    await twin.refreshes()
    done(await twin.http.get("/ice", headers={"Cookie": f"jwt={first}"}))
    await twin.refreshes()
    refused(await twin.http.get("/ice", headers={"Cookie": f"jwt={first}"}), 401, "identity_required")
    done(await twin.http.get("/ice"))  # reading with an old cookie ends nothing


# --------------------------------------------------------------------------------- with or without


async def test_rooms_are_listed_to_whom_the_cookie_names(ann: Person) -> None:
    event = event_of(ann)
    by_cookie = done(await ann.http.post("/room/check", json={})).json()
    assert event in [room["name"] for room in by_cookie]
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        from_elsewhere = done(await ann.http.post("/room/check", json={}, headers=headers)).json()
        assert event not in [room["name"] for room in from_elsewhere]


async def test_a_bad_token_is_not_taken_for_nobody(ann: Person) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    refused(await ann.http.post("/room/check", json={}, headers=headers), 401, "invalid_token")


async def test_a_bad_cookie_is_taken_for_nobody(ann: Person, nobody: Person) -> None:
    event = event_of(ann)
    answer = done(await nobody.http.post("/room/check", json={}, headers={"Cookie": "jwt=nonsense"}))
    assert event not in [room["name"] for room in answer.json()]
