"""POST /client/login."""

import time
from collections.abc import Callable

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.integration.http.storage import bcrypt_hash, import_client, stored_client
from tests.integration.http.tokens import claims
from tests.people import PASSWORD, Person, Visitors, done
from tests.servers import ParlourServer


async def logs_in(person: Person, username: str | None, password: str = PASSWORD) -> None:
    answer = await person.http.post("/client/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    session = answer.json()
    assert set(session) == {"accessToken", "email", "username"}
    assert (session["email"], session["username"]) == (person.email, person.username)


async def test_logging_in_hands_out_tokens(ann: Person, visitors: Visitors) -> None:
    twin = await visitors.same(ann)
    await logs_in(twin, ann.username)
    await twin.refreshes()
    access, refresh = claims(twin.token or ""), claims(twin.cookie)
    assert (access["email"], access["username"]) == (ann.email, ann.username)
    assert access["exp"] - access["iat"] == 900
    assert refresh["exp"] - refresh["iat"] == 86_400
    assert abs(access["iat"] - time.time()) < 60


async def test_the_cookie_is_for_the_browser_alone(ann: Person, visitors: Visitors) -> None:
    twin = await visitors.same(ann)
    answer = await twin.http.post("/client/login", json={"username": ann.username, "password": PASSWORD})
    (cookie,) = answer.headers.get_list("set-cookie")
    first, *attributes = cookie.split("; ")
    assert first == f"jwt={twin.cookie}"
    [lasts] = [one for one in attributes if one.startswith("Max-Age=")]
    assert 86_340 <= int(lasts.removeprefix("Max-Age=")) <= 86_400
    assert {one.lower() for one in attributes} - {lasts.lower()} == {"httponly", "path=/", "samesite=lax"}


@pytest.mark.database("sqlite")
async def test_over_https_the_cookie_is_secure(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_PUBLIC_URL": "https://localhost:8443"})
    async with Visitors(server) as visitors:
        ann = await visitors.client("ann")
        body = {"username": ann.username, "password": PASSWORD}
        answer = done(await ann.http.post("/client/login", json=body))
        cleared = await ann.http.put("/logout")
    assert "Secure" in answer.headers["set-cookie"].split("; ")
    assert "Secure" in cleared.headers["set-cookie"].split("; ")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


NAMES: dict[str, Callable[[Person], str]] = {
    "username": lambda ann: ann.username or "",
    "username in capitals": lambda ann: (ann.username or "").upper(),
    "username with spaces": lambda ann: f"  {ann.username} ",
    "email": lambda ann: ann.email,
    "email in capitals": lambda ann: ann.email.upper(),
    "email with spaces": lambda ann: f" {ann.email}  ",
}


@pytest.mark.parametrize("name", NAMES)
async def test_logging_in_by_name_or_email(ann: Person, visitors: Visitors, name: str) -> None:
    await logs_in(await visitors.same(ann), NAMES[name](ann))


async def test_who_is_unknown_and_who_has_a_wrong_password_are_answered_alike(
    ann: Person, gus: Person, nobody: Person
) -> None:
    answers = []
    for name in (ann.username, nobody.username, nobody.email, "Guest", gus.email):
        answer = await nobody.post("/client/login", {"username": name, "password": "not the password"})
        refused(answer, 401, "wrong_credentials")
        assert "set-cookie" not in answer.headers
        answers.append(answer.text)
    assert len(set(answers)) == 1


@pytest.mark.parametrize("password", [PASSWORD.upper(), f"{PASSWORD} "])
async def test_a_password_is_right_to_the_letter(ann: Person, nobody: Person, password: str) -> None:
    answer = await nobody.post("/client/login", {"username": ann.username, "password": password})
    refused(answer, 401, "wrong_credentials")


async def test_logging_in_before_the_confirmation(visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    for name in (eve.username, eve.email):
        body = {"username": name, "password": eve.password}
        refused(await eve.post("/client/login", body), 403, "not_verified")
    wrong = {"username": eve.username, "password": "not the password"}
    refused(await eve.post("/client/login", wrong), 401, "wrong_credentials")


async def test_a_login_is_recorded(server: ParlourServer, ann: Person, visitors: Visitors) -> None:
    before = stored_client(server, ann.email).last_login_at
    await (await visitors.same(ann)).logs_in()
    assert stored_client(server, ann.email).last_login_at > before


async def test_passwords_are_kept_as_argon2id(server: ParlourServer, ann: Person) -> None:
    assert stored_client(server, ann.email).password_hash.startswith("$argon2id$")


# ---------------------------------------------------------------------- hashes of other systems


async def imported(visitors: Visitors, password_hash: str) -> Person:
    old = await visitors.stranger("old")
    import_client(old.server, email=old.email, username=old.username or "", password_hash=password_hash)
    return old


async def test_an_imported_bcrypt_hash_works_and_is_replaced(
    server: ParlourServer, visitors: Visitors
) -> None:
    old = await imported(visitors, bcrypt_hash("from elsewhere"))
    wrong = {"username": old.username, "password": "not from elsewhere"}
    refused(await old.post("/client/login", wrong), 401, "wrong_credentials")
    assert stored_client(server, old.email).password_hash.startswith("$2b$")
    await logs_in(old, old.username, "from elsewhere")
    assert stored_client(server, old.email).password_hash.startswith("$argon2id$")
    await logs_in(old, old.username, "from elsewhere")
    refused(await old.post("/client/login", wrong), 401, "wrong_credentials")


@pytest.mark.parametrize("prefix", ["$2a$", "$2y$"])
async def test_other_names_of_bcrypt(server: ParlourServer, visitors: Visitors, prefix: str) -> None:
    old = await imported(visitors, bcrypt_hash("from elsewhere", prefix=prefix))
    await logs_in(old, old.username, "from elsewhere")
    assert stored_client(server, old.email).password_hash.startswith("$argon2id$")


async def test_an_imported_bcrypt_hash_of_a_long_password(visitors: Visitors) -> None:
    """bcrypt has read 72 bytes of it; what replaces the hash reads it all."""
    password = "p" * 72 + " and the rest"
    old = await imported(visitors, bcrypt_hash(password[:72]))
    await logs_in(old, old.username, password)
    await logs_in(old, old.username, password)
    short = {"username": old.username, "password": password[:72]}
    refused(await old.post("/client/login", short), 401, "wrong_credentials")


@pytest.mark.parametrize("stored", ["", "secret", "$2b$nonsense", "$argon2id$nonsense", "$1$abc$def"])
async def test_a_hash_that_is_none_lets_nobody_in(visitors: Visitors, stored: str) -> None:
    odd = await imported(visitors, stored)
    for password in ("secret", stored or "x"):
        answer = await odd.post("/client/login", {"username": odd.username, "password": password})
        refused(answer, 401, "wrong_credentials")
