"""Another email, all that is kept of a person, and the end of an account."""

import pytest

from tests.integration.http.answers import moment, nothing_to_say, refused
from tests.integration.http.storage import event_of, has_user, room_of
from tests.people import PASSWORD, Person, Visitors, done, unique


@pytest.fixture
async def eve(visitors: Visitors) -> Person:
    return await visitors.client("eve")


async def asks_for(person: Person, email: str) -> str:
    """The token in the letter to the new address."""
    nothing_to_say(await person.put("/client/email", json={"email": email, "password": PASSWORD}))
    mail = await person.server.expect_mail(email)
    return mail.text.split("/verifyemail#")[1].split()[0]


# ---------------------------------------------------------------------------------------------- email


async def test_a_new_email(eve: Person, bob: Person, nobody: Person) -> None:
    event = event_of(bob)
    await bob.invites(eve, to=event)
    old, new = eve.email, f"{unique('new')}@example.org"
    token = await asks_for(eve, new)
    done(await eve.get("/ice"))
    assert (await eve.get("/account/export")).json()["account"]["email"] == old, "until it is confirmed"

    nothing_to_say(await nobody.http.put("/email/verify", params={"token": token}))
    refused(await eve.get("/ice"), 401, "invalid_token")
    eve.email = new
    await eve.logs_in()
    assert event in await eve.sees(), "invitations move along"
    mails = [mail for mail in await eve.server.mails(old) if "was changed" in mail.subject]
    assert len(mails) == 1 and new in mails[0].text
    answer = await nobody.http.put("/email/verify", params={"token": token})
    refused(answer, 403, "invalid_verification")
    assert not has_user(eve.server, old)
    await nobody.post("/guest", {"email": old})
    await eve.server.expect_mail(old)


async def test_only_the_last_link_counts(eve: Person) -> None:
    first = await asks_for(eve, f"{unique('one')}@example.org")
    second = await asks_for(eve, f"{unique('two')}@example.org")
    refused(await eve.put("/email/verify", params={"token": first}), 403, "invalid_verification")
    nothing_to_say(await eve.put("/email/verify", params={"token": second}))


async def test_addresses_that_others_have(eve: Person, bob: Person, gus: Person) -> None:
    for email in (bob.email, bob.email.upper(), gus.email, eve.email):
        answer = await eve.put("/client/email", json={"email": email, "password": PASSWORD})
        refused(answer, 409, "email_taken")


async def test_an_address_that_somebody_confirms_meanwhile(eve: Person, visitors: Visitors) -> None:
    email = f"{unique('both')}@example.org"
    token = await asks_for(eve, email)
    await visitors.guest(email=email)
    refused(await eve.put("/email/verify", params={"token": token}), 409, "email_taken")
    done(await eve.get("/ice"))


async def test_an_address_that_nobody_confirmed(eve: Person, visitors: Visitors) -> None:
    """Whoever opens the link owns the address."""
    email = f"{unique('mine')}@example.org"
    squatter = await visitors.stranger(email=email)
    await squatter.registers()
    await eve.server.expect_mail(email)
    nothing_to_say(await eve.put("/email/verify", params={"token": await asks_for(eve, email)}))
    eve.email = email
    await eve.logs_in()


async def test_a_new_email_needs_the_password(eve: Person, gus: Person, nobody: Person) -> None:
    body = {"email": "new@example.org", "password": "not mine at all"}
    refused(await eve.put("/client/email", json=body), 401, "wrong_password")
    refused(await gus.put("/client/email", json=body), 403, "without_password")
    refused(await nobody.put("/client/email", json=body), 401, "identity_required")
    refused(await nobody.put("/email/verify", params={"token": eve.cookie}), 403, "invalid_verification")


# --------------------------------------------------------------------------------------------- export


async def test_all_that_is_kept_of_a_person(eve: Person, bob: Person) -> None:
    room, event = room_of(eve), event_of(eve)
    await eve.writes("hello", to=room)
    await bob.enters(room)
    await bob.writes("not hers", to=room)
    await eve.moves("j", event)
    invited = event_of(bob)
    await bob.invites(eve, to=invited)
    answer = done(await eve.get("/account/export")).json()
    account = answer["account"]
    assert (account["email"], account["username"], account["guest_until"]) == (eve.email, eve.username, None)
    assert moment(account["created_at"]) <= moment(account["verified_at"]) <= moment(account["last_login_at"])
    assert [one["current"] for one in answer["sessions"]] == [True]
    assert [(one["name"], one["event"]) for one in answer["rooms"]] == [(room, False), (event, True)]
    assert [(one["room"], one["message"]) for one in answer["messages"]] == [(room, "hello")]
    assert [(one["room"], one["left_at"]) for one in answer["attendance"]] == [(event, None)]
    assert [one["room"] for one in answer["invitations"]] == [invited]
    assert "hash" not in str(answer)


async def test_a_guests_export(gus: Person) -> None:
    account = done(await gus.get("/account/export")).json()["account"]
    assert account["username"] is None
    moment(account["guest_until"])


# -------------------------------------------------------------------------------------------- the end


async def test_the_end_of_an_account(eve: Person, ann: Person, visitors: Visitors) -> None:
    room = room_of(ann)
    await eve.enters(room)
    await eve.writes("remember me", to=room)
    done(await eve.put("/account/name", json={"displayName": "Éva"}))
    left = await eve.creates_room()
    other = await visitors.same(eve)
    await other.logs_in()
    answer = await eve.post("/account/deletion", {"password": PASSWORD})
    nothing_to_say(answer)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not has_user(eve.server, eve.email)
    for one in (eve, other):
        refused(await one.get("/session"), 401, "invalid_token")
    body = {"username": eve.username, "password": PASSWORD}
    refused(await other.http.post("/client/login", json=body), 401, "wrong_credentials")
    (message,) = await ann.reads(room)
    assert (message["username"], message["email"], message["message"]) == (
        eve.username,
        eve.email,
        "remember me",
    )
    listed = (await ann.sees())[left]
    assert listed["username"] == eve.username, "the room says who created it, a name that nobody gets again"
    assert "displayName" not in listed
    mails = await eve.server.mails(eve.email)
    assert "deleted" in mails[0].subject


async def test_the_end_needs_the_password(eve: Person, gus: Person, nobody: Person) -> None:
    refused(await eve.post("/account/deletion", {"password": "wrong"}), 401, "wrong_password")
    refused(await gus.post("/account/deletion", {"password": "wrong"}), 403, "without_password")
    refused(await nobody.post("/account/deletion", {"password": "wrong"}), 401, "identity_required")
    assert has_user(eve.server, eve.email)
