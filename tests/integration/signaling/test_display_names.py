"""Display names: beside the username, wherever people are named, and never instead of it."""

import pytest

from parlour.wire.names import parsed_name
from tests.integration.http.answers import does_not_fit
from tests.integration.signaling.conftest import Connect
from tests.integration.signaling.town import Town
from tests.people import PASSWORD, Person, done, token_in

one_kind = pytest.mark.kinds("js-websocket")
sqlite = pytest.mark.database("sqlite")
LI, MIRA = "李小龍 \U0001f409", "Мира Né"
MIRA_NFC = parsed_name(MIRA)


async def people(town: Town) -> tuple[Person, Person, Person]:
    """A client who has no display name, one who registers with one, and a guest who gives one."""
    ann = await town.person("ann")
    li, mira = await town.stranger("li"), await town.stranger("mira", client=False)
    body = {"email": li.email, "username": li.username, "password": PASSWORD, "displayName": f" {LI} "}
    done(await li.post("/client", body))
    await li.confirms()
    await li.logs_in()
    done(await mira.post("/guest", {"email": mira.email, "displayName": MIRA}))
    await mira.confirms()
    assert done(await mira.http.get("/refresh")).json()["displayName"] == MIRA_NFC
    return ann, li, mira


@one_kind
async def test_names_in_a_call(connect: Connect, town: Town) -> None:
    ann, li, mira = await people(town)
    room = await town.room(ann, li, mira)
    alone, first, second = await connect(ann), await connect(li), await connect(mira)
    await alone.joins(room)
    await first.may("join", {"room": room})
    assert (await alone.gets("add-peer"))["peerDisplayName"] == LI
    met = await first.gets("add-peer")
    assert met["peerUsername"] == ann.username
    assert "peerDisplayName" not in met
    joined = await second.may("join", {"room": room})
    names = {peer["peerUsername"]: peer.get("peerDisplayName") for peer in joined["peers"]}
    assert names == {ann.username: None, li.username: LI}
    introduced = await alone.gets("add-peer")
    assert (introduced["peerUsername"], introduced["peerDisplayName"]) == ("Guest", MIRA_NFC)
    await second.may("leave")
    assert (await alone.gets("remove-peer"))["peerDisplayName"] == MIRA_NFC


@one_kind
async def test_names_in_chat_and_attendance(connect: Connect, town: Town) -> None:
    """A changed name is in what is written from then on; what was kept stays."""
    ann, li, mira = await people(town)
    room = await town.room(ann, li, mira, event=True)
    await ann.moves("j", room)
    await mira.moves("j", room)
    watching, writing = await connect(ann), await connect(li)
    await watching.joins(room)
    await writing.joins(room)
    done(await li.put("/account/name", json={"displayName": "Li"}))
    await writing.may("chat-message", {"message": "hello"})
    await watching.gets("add-peer")
    await watching.gets("peer-renamed")
    told = await watching.gets("chat-message")
    assert (told["username"], told["displayName"]) == (li.username, "Li")
    await ann.writes("hi", to=room)
    written = [(entry["username"], entry.get("displayName")) for entry in await ann.reads(room)]
    assert written == [(li.username, "Li"), (ann.username, None)]
    found: dict[str, tuple[str, str | None]] = {}
    while li.email not in found:  # the server's own record is written by a task
        listed = done(await ann.get("/event/log", params={"room": room})).json()["attendance"]
        found = {entry["email"]: (entry["username"], entry.get("displayName")) for entry in listed}
    assert found[mira.email] == ("Guest", MIRA_NFC)
    assert found[li.email] == (li.username, LI)
    assert found[ann.email] == (ann.username, None)


@sqlite
@one_kind
async def test_a_name_is_changed_and_taken_back(town: Town) -> None:
    bob = await town.newcomer("bob")
    for wrong in ("", " ", "\u200b", "a\nb", "x" * 65):
        does_not_fit(await bob.put("/account/name", json={"displayName": wrong}), "displayName")
    done(await bob.put("/account/name", json={"displayName": "Böb"}))
    await bob.logs_in()
    assert done(await bob.get("/account/export")).json()["account"]["displayName"] == "Böb"
    for same in (bob.username, None):
        done(await bob.put("/account/name", json={"displayName": same}))
        assert "displayName" not in done(await bob.http.get("/refresh")).json()


@one_kind
async def test_a_name_changed_in_a_call_reaches_the_others(connect: Connect, town: Town) -> None:
    """Once per change; who comes later or comes back reads the new one."""
    ann, li, mira = await people(town)
    room = await town.room(ann, li, mira)
    watching, changing = await connect(ann), await connect(li)
    await watching.joins(room)
    joined = await changing.may("join", {"room": room})
    await watching.gets("add-peer")
    for name in ("Böb", "Böb", None):
        done(await li.put("/account/name", json={"displayName": name}))
    renamed = {"peerID": joined["peerID"], "peerUsername": li.username}
    assert await watching.gets("peer-renamed") == {**renamed, "peerDisplayName": "Böb"}
    assert await watching.gets("peer-renamed") == renamed
    done(await li.put("/account/name", json={"displayName": "Li"}))
    later = await connect(mira)
    known = (await later.may("join", {"room": room}))["peers"]
    assert {peer["peerUsername"]: peer.get("peerDisplayName") for peer in known}[li.username] == "Li"
    await watching.gets("peer-renamed")
    await watching.gets("add-peer")
    await changing.may("leave")
    assert (await watching.gets("remove-peer"))["peerDisplayName"] == "Li"


@one_kind
async def test_lists_name_people_beside_their_usernames(town: Town) -> None:
    """The creator of a room, and who is invited; a deleted creator leaves the username alone."""
    ann, li, mira = await people(town)
    room = await li.creates_room()
    await li.invites(ann, mira, to=room)
    listed = {entry["name"]: entry for entry in done(await ann.post("/room/check", {})).json()}
    assert (listed[room]["username"], listed[room]["displayName"]) == (li.username, LI)
    invited = done(await li.get("/invitation", params={"room": room})).json()["invitations"]
    names = {entry["email"]: (entry["username"], entry.get("displayName")) for entry in invited}
    assert names == {ann.email: (ann.username, None), mira.email: (None, MIRA_NFC)}
    done(await li.post("/account/deletion", {"password": PASSWORD}))
    after = {entry["name"]: entry for entry in done(await ann.post("/room/check", {})).json()}
    assert "displayName" not in after[room]


@sqlite
@one_kind
async def test_confirming_and_mails_know_the_name(town: Town) -> None:
    jose = await town.stranger("jose")
    body = {"email": jose.email, "username": jose.username, "password": PASSWORD, "displayName": "José"}
    done(await jose.post("/client", body))
    mail = await town.server.expect_mail(jose.email)
    assert mail.text.startswith("Hello José,\n")
    confirmed = await jose.http.put(
        "/client/verify", params={"token": token_in(mail)}, json={"log_in": True, "password": PASSWORD}
    )
    assert done(confirmed).json()["displayName"] == "José"
    done(await jose.post("/password/forgotten", {"email": jose.email}))
    assert (await town.server.expect_mail(jose.email)).text.startswith("Hello José,\n")


@sqlite
@one_kind
async def test_an_invitation_names_the_account_beside_the_name(town: Town) -> None:
    eve, victim = await town.newcomer("eve"), await town.stranger("vic")
    done(await eve.put("/account/name", json={"displayName": "Your bank https://evil.example"}))
    await eve.invites(victim, to=await eve.creates_room())
    mail = await town.server.expect_mail(victim.email)
    assert f"({eve.username}) has invited you" in mail.text
    assert "https://evil.example" not in mail.text
    assert "evil" not in mail.subject
