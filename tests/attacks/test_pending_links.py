"""Attacks with links that were asked for before the owner locked the attacker out."""

import pytest

from tests.people import PASSWORD, Person, Visitors, done, unique
from tests.servers.command import run_parlour

NEW_PASSWORD = "staple the horse again"


@pytest.fixture
async def owner(visitors: Visitors) -> Person:
    return await visitors.client("owner")


@pytest.fixture
async def thief(owner: Person, visitors: Visitors) -> Person:
    """Knows the owner's password, and is logged in with it."""
    thief = await visitors.same(owner)
    await thief.logs_in()
    return thief


async def change_link(person: Person, new_email: str) -> str:
    """The token in the mail to the new address."""
    done(await person.put("/client/email", json={"email": new_email, "password": PASSWORD}))
    while "/verifyemail#" not in (mail := await person.server.expect_mail(new_email)).text:
        pass
    return mail.text.split("/verifyemail#")[1].split()[0]


async def stop_link(person: Person) -> str:
    """The token in the mail that tells the present address of a change that was asked for."""
    while "/stopemail#" not in (mail := await person.server.expect_mail(person.email)).text:
        pass
    return mail.text.split("/stopemail#")[1].split()[0]


async def locks_out(owner: Person, way: str) -> None:
    match way:
        case "a new password":
            done(
                await owner.put("/client/password", json={"password": PASSWORD, "new_password": NEW_PASSWORD})
            )
        case "a reset":
            done(await owner.post("/password/forgotten", {"email": owner.email}))
            body = {"token": await owner.reads_link(), "password": NEW_PASSWORD}
            done(await owner.http.put("/password/reset", json=body))
        case "the end of the other sessions":
            done(await owner.delete("/session"))
        case "the end of all sessions":
            done(await owner.delete("/session", params={"everywhere": True}))
        case _:
            server = owner.server
            ended = await run_parlour(
                "user", "logout", owner.email, folder=server.folder, settings=server.settings
            )
            assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    "way",
    [
        "a new password",
        "a reset",
        "the end of the other sessions",
        "the end of all sessions",
        "the end of all sessions by whoever runs it",
    ],
)
async def test_a_change_of_email_that_waits(owner: Person, thief: Person, way: str) -> None:
    evil = f"{unique('evil')}@example.org"
    token = await change_link(thief, evil)
    done(await thief.post("/password/forgotten", {"email": owner.email}))
    reset = await owner.reads_link()
    await locks_out(owner, way)
    answer = await thief.http.put("/email/verify", json={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_verification")
    answer = await thief.http.put("/password/reset", json={"token": reset, "password": "a thief's password"})
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_verification")
    body = {"username": owner.username, "password": NEW_PASSWORD}
    if way not in ("a new password", "a reset"):
        body["password"] = PASSWORD
    assert done(await owner.http.post("/client/login", json=body)).json()["email"] == owner.email


async def test_the_old_address_stops_a_change(owner: Person, thief: Person, visitors: Visitors) -> None:
    evil = f"{unique('evil')}@example.org"
    token = await change_link(thief, evil)
    mails = await owner.server.mails(owner.email)
    assert evil in mails[0].text
    stop = await stop_link(owner)
    stranger = await visitors.stranger()
    for _ in range(2):
        assert (await stranger.http.put("/email/stop", json={"token": stop})).text == "{}"
    answer = await thief.http.put("/email/verify", json={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_verification")
    assert (await owner.get("/session")).is_success, "nobody is logged out by it"


@pytest.mark.database("sqlite")
async def test_a_link_that_stops_is_good_for_nothing_else(owner: Person, thief: Person) -> None:
    token = await change_link(thief, f"{unique('evil')}@example.org")
    stop = await stop_link(owner)
    for path, body in (
        ("/email/verify", {"token": stop}),
        ("/password/reset", {"token": stop, "password": NEW_PASSWORD}),
        ("/email/stop", {"token": token}),
        ("/email/stop", {"token": owner.cookie}),
        ("/email/stop", {"token": stop[:-4] + "AAAA"}),
    ):
        answer = await thief.http.put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "invalid_verification"), path
    done(await thief.http.put("/email/verify", json={"token": token}))


@pytest.mark.database("sqlite")
async def test_a_change_that_was_confirmed_is_not_stopped(owner: Person) -> None:
    token = await change_link(owner, f"{unique('new')}@example.org")
    stop = await stop_link(owner)
    done(await owner.http.put("/email/verify", json={"token": token}))
    answer = await owner.http.put("/email/stop", json={"token": stop})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_already_changed")


@pytest.mark.database("sqlite")
async def test_tokens_in_what_a_proxy_logs(owner: Person) -> None:
    """Where the protocol leaves it open, a link's token is its fragment, which is in no request's address."""
    token = await change_link(owner, f"{unique('new')}@example.org")
    await stop_link(owner)
    done(await owner.post("/password/forgotten", {"email": owner.email}))
    reset = await owner.reads_link()
    for mail in await owner.server.mails():
        for text in (mail.text, mail.html):
            assert "/reset/" not in text and "/verifyemail/" not in text
            assert "?token=" not in text
    for page in ("/reset", "/verifyemail", "/stopemail", f"/reset/{reset}", f"/verifyemail/{token}"):
        answer = await owner.http.get(page, headers={"Accept": "text/html"})
        assert answer.status_code in (200, 503), "a page of the web client"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    done(await owner.http.put("/password/reset", json={"token": reset, "password": NEW_PASSWORD}))
