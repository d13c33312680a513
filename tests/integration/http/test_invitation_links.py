"""The link of an invitation: what it tells, to whom, and the guest that it lets in."""

import asyncio

import pytest

from tests.integration.http.answers import nothing_to_say, refused
from tests.integration.http.tokens import forgeries
from tests.people import Person, Visitors, done


@pytest.fixture
async def eve(visitors: Visitors) -> Person:
    return await visitors.client("eve")


async def reads_invitation(person: Person) -> str:
    """The token of the link in the oldest unread invitation."""
    while "#invitation=" not in (mail := await person.server.expect_mail(person.email)).text:
        pass
    return mail.text.split("#invitation=")[1].split()[0]


async def test_a_stranger_comes_by_the_link(eve: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    event = await eve.creates_event()
    await eve.invites(gus, to=event)
    token = await reads_invitation(gus)
    told = done(await gus.http.post("/invitation/link", json={"token": token})).json()
    assert told == {
        "room": event,
        "event": True,
        "inviter": eve.username,
        "inviterDisplayName": None,
        "email": gus.email,
        "has_account": False,
    }
    answer = done(await gus.http.post("/invitation/guest", json={"token": token}))
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("jwt=")
    assert (answer.json()["email"], answer.json()["username"]) == (gus.email, "Guest")
    gus.token = answer.json()["accessToken"]
    assert event in await gus.sees()
    await gus.writes("hello", to=event)

    elsewhere = await visitors.same(gus)
    again = done(await elsewhere.http.post("/invitation/guest", json={"token": token, "displayName": "Gus"}))
    assert again.json()["displayName"] == "Gus"
    assert (await gus.put("/logout")).status_code == 204
    elsewhere.token = again.json()["accessToken"]
    assert event in await elsewhere.sees()


async def test_names_that_invitations_tell(eve: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    done(await eve.put("/account/name", json={"displayName": "Éva 李"}))
    await eve.invites(gus, to=await eve.creates_room())
    token = await reads_invitation(gus)
    told = done(await gus.http.post("/invitation/link", json={"token": token})).json()
    assert (told["inviter"], told["inviterDisplayName"]) == (eve.username, "Éva 李")
    asked = {"token": token, "displayName": "a\u202eb"}
    refused(await gus.http.post("/invitation/guest", json=asked), 422, "invalid_request")
    answer = done(await gus.http.post("/invitation/guest", json={**asked, "displayName": "Jose\u0301"}))
    assert (answer.json()["username"], answer.json()["displayName"]) == ("Guest", "José")


async def test_a_guest_whose_own_mail_waits(eve: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    own = await gus.reads_link()
    await eve.invites(gus, to=await eve.creates_room())
    done(await gus.http.post("/invitation/guest", json={"token": await reads_invitation(gus)}))
    refused(await gus.put("/guest/verify", params={"token": own}), 409, "already_verified")


async def test_who_has_an_account_logs_in(eve: Person, visitors: Visitors) -> None:
    bob = await visitors.client("bob")
    await eve.invites(bob, to=await eve.creates_room())
    token = await reads_invitation(bob)
    assert done(await bob.http.post("/invitation/link", json={"token": token})).json()["has_account"] is True
    refused(await bob.http.post("/invitation/guest", json={"token": token}), 409, "email_taken")


@pytest.mark.parametrize("end", ["room", "ban"])
async def test_an_invitation_that_is_no_more(eve: Person, visitors: Visitors, end: str) -> None:
    gus = await visitors.stranger("gus", client=False)
    room = await eve.creates_room()
    await eve.invites(gus, to=room)
    token = await reads_invitation(gus)
    if end == "room":
        nothing_to_say(await eve.post("/room/remove", {"room": room}))
    else:
        await eve.bans(gus.email, room)
    for path in ("/invitation/link", "/invitation/guest"):
        refused(await gus.http.post(path, json={"token": token}), 403, "invalid_verification")


async def test_tokens_that_are_no_invitations(eve: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await eve.invites(gus, to=await eve.creates_room())
    token = await reads_invitation(gus)
    await gus.registers()
    others = {"access": eve.token or "", "refresh": eve.cookie, "verification": await gus.reads_link()}
    for what, text in {**forgeries(token), **others}.items():
        for path in ("/invitation/link", "/invitation/guest"):
            answer = await gus.http.post(path, json={"token": text})
            assert answer.status_code == 403, what
    refused(await gus.put("/guest/verify", params={"token": token}), 403, "invalid_verification")
    refused(await gus.get("/ice", headers={"Authorization": f"Bearer {token}"}), 401, "invalid_token")


async def test_a_link_that_is_opened_twice_at_once(eve: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await eve.invites(gus, to=await eve.creates_room())
    token = await reads_invitation(gus)
    answers = await asyncio.gather(
        *(gus.http.post("/invitation/guest", json={"token": token}) for _ in range(4))
    )
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
