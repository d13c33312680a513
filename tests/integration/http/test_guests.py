"""POST /guest, PUT /guest/verify, and what happens when a guest's time is over."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import does_not_fit, nothing_to_say, refused
from tests.integration.http.storage import end_time_of, event_of, has_user, remove_user
from tests.integration.http.tokens import claims, expiry, forgeries
from tests.people import Person, Visitors, done
from tests.servers import ParlourServer


async def test_a_guest_comes_in_by_the_mailed_link(visitors: Visitors, server: ParlourServer) -> None:
    gus = await visitors.stranger("gus", client=False)
    nothing_to_say(await gus.post("/guest", {"email": gus.email}))
    mail = await server.expect_mail(gus.email)
    link = f"{server.url}/verifyguest/"
    assert link in mail.text
    assert link in mail.html
    answer = await gus.put("/guest/verify", params={"token": mail.text.split(link)[1].split()[0]})
    assert answer.status_code == 200
    session = answer.json()
    assert set(session) == {"accessToken", "email", "username"}
    assert (session["email"], session["username"]) == (gus.email, "Guest")


async def test_a_guests_tokens_last_as_long_as_the_guest(visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    answer = done(await gus.put("/guest/verify", params={"token": await gus.reads_link()}))
    access, refresh = claims(answer.json()["accessToken"]), claims(gus.cookie)
    assert access["email"] == gus.email
    assert "username" not in access
    assert access["exp"] - access["iat"] == 900
    assert 1740 <= refresh["exp"] - time.time() <= 1801
    lasts = re.search(r"Max-Age=(\d+)", answer.headers["set-cookie"])
    assert lasts and 1740 <= int(lasts[1]) <= 1800


async def test_refreshing_gives_a_guest_no_more_time(gus: Person) -> None:
    before = claims(gus.cookie)["exp"]
    answer = done(await gus.http.get("/refresh"))
    assert set(answer.json()) == {"accessToken", "email"}
    assert answer.json()["email"] == gus.email
    assert claims(gus.cookie)["exp"] == before


async def test_an_email_of_a_client_is_taken(ann: Person, nobody: Person) -> None:
    refused(await nobody.post("/guest", {"email": ann.email}), 409, "email_taken")
    refused(await nobody.post("/guest", {"email": ann.email.upper()}), 409, "email_taken")


async def test_an_email_of_a_living_guest_is_taken(gus: Person, nobody: Person) -> None:
    refused(await nobody.post("/guest", {"email": gus.email}), 409, "email_taken")
    refused(await nobody.post("/guest", {"email": f" {gus.email.upper()} "}), 409, "email_taken")


async def test_an_email_whose_link_still_works_is_taken(visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    refused(await gus.post("/guest", {"email": gus.email}), 409, "email_taken")


async def test_a_link_works_once(visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    token = await gus.reads_link()
    done(await gus.put("/guest/verify", params={"token": token}))
    again = await gus.put("/guest/verify", params={"token": token})
    refused(again, 409, "already_verified")
    assert "set-cookie" not in again.headers


async def test_forged_links_let_nobody_in(visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    token = await gus.reads_link()
    for what, forged in forgeries(token).items():
        answer = await gus.put("/guest/verify", params={"token": forged})
        assert answer.status_code == 403, what
        refused(answer, 403, "invalid_verification")
    done(await gus.put("/guest/verify", params={"token": token}))


async def test_other_tokens_let_nobody_in(ann: Person, visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    for token in (await eve.reads_link(), ann.token, ann.cookie):
        refused(await eve.put("/guest/verify", params={"token": token}), 403, "invalid_verification")


async def test_a_link_of_somebody_who_is_gone(server: ParlourServer, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    token = await gus.reads_link()
    remove_user(server, gus.email)
    await (await visitors.stranger(client=False)).registers()
    refused(await gus.put("/guest/verify", params={"token": token}), 404, "user_not_found")


async def test_a_link_ends_and_frees_the_email(hasty_visitors: Visitors) -> None:
    gus = await hasty_visitors.stranger("gus", client=False)
    await gus.registers()
    token = await gus.reads_link()
    await expiry(token)
    refused(await gus.put("/guest/verify", params={"token": token}), 403, "invalid_verification")
    await gus.registers()


async def test_a_link_without_a_token(nobody: Person) -> None:
    does_not_fit(await nobody.put("/guest/verify"), "token")
    refused(await nobody.put("/guest/verify", params={"token": ""}), 403, "invalid_verification")


# -------------------------------------------------------------------------------- the end of a guest


async def over(gus: Person) -> None:
    """The guest's time has come."""
    assert gus.token
    await expiry(gus.token)


async def removed(gus: Person) -> None:
    """The server has removed the account; it does so by itself."""
    async with asyncio.timeout(60):
        while has_user(gus.server, gus.email):  # noqa: ASYNC110 - a database tells nobody that it changed
            await asyncio.sleep(0.02)


async def test_a_guests_time_ends(ann: Person, visitors: Visitors) -> None:
    event = event_of(ann)
    gus = await visitors.stranger("gus", client=False)
    await ann.invites(gus, to=event)
    await gus.registers()
    link = await gus.reads_link()
    done(await gus.put("/guest/verify", params={"token": link}))
    await gus.refreshes()
    await gus.writes("I am Gus", to=event)
    await gus.moves("j", event)
    kept = {"Cookie": f"jwt={gus.cookie}"}  # longer than a browser would
    await end_time_of(gus)

    refused(await gus.get("/ice"), 401, "invalid_token")
    refused(await gus.http.get("/refresh", headers=kept), 403, "session_over")
    refused(await gus.http.get("/ice", headers=kept), 401, "identity_required")
    await removed(gus)
    refused(await gus.put("/guest/verify", params={"token": link}), 404, "user_not_found")

    (message,) = await ann.reads(event)
    assert (message["username"], message["email"], message["message"]) == ("Guest", gus.email, "I am Gus")
    (line,) = done(await ann.get("/event/log", params={"room": event})).json()["attendance"]
    assert (line["username"], line["email"]) == ("Guest", gus.email)

    again = await visitors.guest(email=gus.email)  # the same email may come again, still invited
    nothing_to_say(await again.post("/invitation/check", {"email": gus.email, "room": event}))
    refused(await gus.get("/ice"), 401, "invalid_token")


async def test_a_guest_who_was_registers_as_a_client(brief_visitors: Visitors) -> None:
    gus = await brief_visitors.guest()
    await over(gus)
    await gus.becomes_client("was-a-guest")
    assert claims(gus.token or "")["username"] == "was-a-guest"


async def test_a_guest_may_confirm_the_client_after_the_guests_time(brief_visitors: Visitors) -> None:
    gus = await brief_visitors.guest()
    gus.username = "late-client"
    await gus.registers()
    await over(gus)
    refused(await gus.get("/ice"), 401, "invalid_token")
    await gus.confirms()
    await gus.logs_in()
    assert claims(gus.token or "")["username"] == "late-client"


# --------------------------------------------------------------------------------- guest to client


async def test_a_guest_who_registers_becomes_that_client(ann: Person, visitors: Visitors) -> None:
    event = event_of(ann)
    gus = await visitors.guest()
    await ann.invites(gus, to=event)
    await gus.writes("as a guest", to=event)
    old_token = gus.token

    gus.username = (await visitors.stranger("now")).username
    await gus.registers()
    done(await gus.get("/ice"))  # a guest until the link is opened
    assert "username" not in (await gus.http.get("/refresh")).json()
    await gus.confirms()
    await gus.logs_in()

    nothing_to_say(await gus.post("/invitation/check", {"email": gus.email, "room": event}))
    assert event in await gus.sees()
    await gus.writes("as a client", to=event)
    told = [(one["username"], one["email"], one["message"]) for one in await ann.reads(event)]
    assert told == [("Guest", gus.email, "as a guest"), (gus.username, gus.email, "as a client")]
    entries = done(await ann.get("/invitation", params={"room": event})).json()["invitations"]
    assert entries == [{"email": gus.email, "username": gus.username}]

    gus.token = old_token
    room = await gus.creates_room()  # the account is one and the same, and a client now
    assert (await gus.sees())[room]["username"] == gus.username


async def test_a_guest_who_registers_needs_a_free_username(ann: Person, gus: Person) -> None:
    body = {"email": gus.email, "username": ann.username, "password": "correct horse battery"}
    refused(await gus.post("/client", body), 409, "username_taken")


async def test_a_clients_email_is_no_guests_any_more(visitors: Visitors) -> None:
    gus = await visitors.guest()
    await gus.becomes_client((await visitors.stranger("now")).username or "")
    refused(await gus.post("/guest", {"email": gus.email}), 409, "email_taken")


async def test_an_invitation_by_email_waits_for_its_guest(ann: Person, visitors: Visitors) -> None:
    event = event_of(ann)
    gus = await visitors.stranger("gus", client=False)
    await ann.invites(gus.email.upper(), to=event)
    await gus.registers()
    done(await gus.put("/guest/verify", params={"token": await gus.reads_link()}))
    assert event in await gus.sees()


@pytest.mark.database("sqlite")
async def test_turn_credentials_end_with_the_guest(fresh_server: StartServer) -> None:
    """A guest's time, or a login's, is over before the twelve hours that credentials last otherwise."""
    settings = {
        "PARLOUR_TURN_URLS": "turn:turn.example.org",
        "PARLOUR_TURN_SECRET": "north wind",
        "PARLOUR_REFRESH_TOKEN_TTL": 7_200,
    }
    async with Visitors(await fresh_server(settings)) as visitors:
        ann, gus = await visitors.client("ann"), await visitors.guest("gus")
        for person, most in ((gus, 1_800), (ann, 7_200)):
            found = done(await person.get("/ice")).json()
            until = datetime.fromisoformat(found["expires_at"])
            assert timedelta() < until - datetime.now(UTC) <= timedelta(seconds=most)
            [server] = found["iceServers"]
            assert server["username"].split(":")[0] == str(int(until.timestamp()))
