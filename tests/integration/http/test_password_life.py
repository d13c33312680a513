"""A forgotten password, a changed one, and those that are refused."""

import pytest

from tests.integration.http.answers import does_not_fit, nothing_to_say, refused
from tests.integration.http.storage import bcrypt_hash, import_client
from tests.integration.http.tokens import expiry, forgeries
from tests.people import PASSWORD, Person, Visitors, done
from tests.servers.command import run_parlour

NEW_PASSWORD = "staple the horse again"


@pytest.fixture
async def eve(visitors: Visitors) -> Person:
    """A client of the test's own, with no mail unread."""
    return await visitors.client("eve")


async def twin_of(person: Person, visitors: Visitors) -> Person:
    twin = await visitors.same(person)
    await twin.logs_in()
    return twin


async def login(person: Person, password: str) -> int:
    body = {"username": person.username, "password": password}
    return (await person.http.post("/client/login", json=body)).status_code


async def reset_link(person: Person) -> str:
    nothing_to_say(await person.post("/password/forgotten", {"email": person.email.upper()}))
    return await person.reads_link()


# ------------------------------------------------------------------------------------------ forgotten


async def test_a_forgotten_password(eve: Person, visitors: Visitors) -> None:
    other = await visitors.same(eve)
    token = await reset_link(eve)
    nothing_to_say(await other.http.put("/password/reset", json={"token": token, "password": NEW_PASSWORD}))
    assert await login(other, PASSWORD) == 401
    assert await login(other, NEW_PASSWORD) == 200
    refused(await eve.get("/ice"), 401, "invalid_token")
    refused(await eve.http.get("/refresh"), 403, "session_over")
    assert "was changed" in (await eve.server.expect_mail(eve.email)).subject


async def test_a_reset_link_works_once(eve: Person) -> None:
    first, second = await reset_link(eve), await reset_link(eve)
    body = {"token": second, "password": NEW_PASSWORD}
    nothing_to_say(await eve.http.put("/password/reset", json=body))
    for token in (second, first):
        answer = await eve.http.put("/password/reset", json={"token": token, "password": "another new one"})
        refused(answer, 403, "invalid_verification")
    assert await login(eve, NEW_PASSWORD) == 200


async def test_a_disabled_account_gets_no_new_password(eve: Person, nobody: Person) -> None:
    """It is told why, before anything is typed; once it is enabled the link does what it is for."""

    async def administrator(command: str) -> None:
        server = eve.server
        done = await run_parlour("user", command, eve.email, folder=server.folder, settings=server.settings)
        assert done.code == 0, done.err

    await administrator("disable")
    token = await reset_link(eve)
    body = {"token": token, "password": NEW_PASSWORD}
    assert done(await nobody.http.post("/link", json={"token": token})).json()["state"] == "disabled"
    refused(await nobody.http.put("/password/reset", json=body), 403, "account_disabled")
    assert await login(eve, NEW_PASSWORD) == 401
    await administrator("enable")
    assert done(await nobody.http.post("/link", json={"token": token})).json()["state"] == "valid"
    assert await login(eve, PASSWORD) == 200
    nothing_to_say(await nobody.http.put("/password/reset", json=body))
    assert await login(eve, NEW_PASSWORD) == 200


async def test_a_changed_password_voids_the_links(eve: Person) -> None:
    token = await reset_link(eve)
    done(await eve.put("/client/password", json={"password": PASSWORD, "new_password": NEW_PASSWORD}))
    answer = await eve.http.put("/password/reset", json={"token": token, "password": "another new one"})
    refused(answer, 403, "invalid_verification")


async def test_forged_reset_links(eve: Person) -> None:
    token = await reset_link(eve)
    for what, forged in (forgeries(token) | {"cookie": eve.cookie, "access": eve.token or ""}).items():
        answer = await eve.http.put("/password/reset", json={"token": forged, "password": NEW_PASSWORD})
        assert answer.status_code == 403, what
        refused(answer, 403, "invalid_verification")
    refused(await eve.put("/client/verify", params={"token": token}), 403, "invalid_verification")
    done(await eve.http.put("/password/reset", json={"token": token, "password": NEW_PASSWORD}))


async def test_a_refused_password_leaves_the_link_as_it_was(eve: Person) -> None:
    token = await reset_link(eve)
    for password in ("short", "Password1"):
        answer = await eve.http.put("/password/reset", json={"token": token, "password": password})
        does_not_fit(answer, "password")
    done(await eve.http.put("/password/reset", json={"token": token, "password": NEW_PASSWORD}))


async def test_a_reset_link_ends(hasty_visitors: Visitors) -> None:
    ann = await hasty_visitors.stranger("ann")
    import_client(
        ann.server, email=ann.email, username=ann.username or "", password_hash=bcrypt_hash(PASSWORD)
    )
    token = await reset_link(ann)
    await expiry(token)
    answer = await ann.http.put("/password/reset", json={"token": token, "password": NEW_PASSWORD})
    refused(answer, 403, "invalid_verification")


async def test_the_answer_does_not_tell_who_has_an_account(
    eve: Person, gus: Person, nobody: Person, visitors: Visitors
) -> None:
    unconfirmed = await visitors.stranger("una")
    await unconfirmed.registers()
    await unconfirmed.reads_link()
    told = []
    for person in (nobody, gus, unconfirmed, eve):
        answer = await nobody.post("/password/forgotten", {"email": person.email})
        nothing_to_say(answer)
        told.append(sorted(answer.headers.keys()))
    assert all(headers == told[0] for headers in told)
    await eve.reads_link()  # the last of the four: by then the others have been looked into
    for person in (nobody, unconfirmed):
        assert not [mail for mail in await eve.server.mails(person.email) if "new password" in mail.subject]
    assert not [mail for mail in await eve.server.mails(gus.email) if "new password" in mail.subject]


async def test_not_too_many_links_wait_at_once(eve: Person) -> None:
    for _ in range(7):
        nothing_to_say(await eve.post("/password/forgotten", {"email": eve.email}))
    for _ in range(5):
        await eve.reads_link()
    done(await eve.put("/client/password", json={"password": PASSWORD, "new_password": NEW_PASSWORD}))
    assert "was changed" in (await eve.server.expect_mail(eve.email)).subject


# -------------------------------------------------------------------------------------------- changed


async def test_a_change_of_password_ends_the_other_sessions(eve: Person, visitors: Visitors) -> None:
    other = await twin_of(eve, visitors)
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    nothing_to_say(await eve.put("/client/password", json=body))
    refused(await other.get("/ice"), 401, "invalid_token")
    refused(await other.http.get("/refresh"), 403, "session_over")
    await eve.refreshes()
    assert await login(other, PASSWORD) == 401
    assert await login(other, NEW_PASSWORD) == 200
    assert "was changed" in (await eve.server.expect_mail(eve.email)).subject


async def test_a_change_needs_the_present_password(eve: Person, gus: Person, nobody: Person) -> None:
    body = {"password": "not mine at all", "new_password": NEW_PASSWORD}
    refused(await eve.put("/client/password", json=body), 401, "wrong_password")
    refused(await gus.put("/client/password", json=body), 403, "without_password")
    refused(await nobody.put("/client/password", json=body), 401, "identity_required")
    assert await login(eve, PASSWORD) == 200


@pytest.mark.parametrize("password", ["x" * 7, "y" * 129, "nul\0nul\0", "Sunshine", "ILoveYou"])
async def test_new_passwords_that_are_refused(eve: Person, password: str) -> None:
    body = {"password": PASSWORD, "new_password": password}
    does_not_fit(await eve.put("/client/password", json=body), "new_password")


# --------------------------------------------------------------------------------------- common ones


@pytest.mark.parametrize("password", ["12345678", "Password", "TRUSTNO1", "qwertyuiop"])
async def test_common_passwords_are_refused(nobody: Person, password: str) -> None:
    body = {"email": nobody.email, "username": nobody.username, "password": password}
    does_not_fit(await nobody.post("/client", body), "password")


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaa1", "onlyletters of one kind", "123456789012345", "пароль-пароль"]
)
async def test_no_composition_is_asked_for(visitors: Visitors, password: str) -> None:
    sam = await visitors.stranger()
    sam.password = password
    await sam.registers()
