"""POST /invitation, POST /invitation/check, and GET /invitation beside them."""

import pytest

from tests.integration.http.answers import does_not_fit, nothing_to_say, refused
from tests.integration.http.storage import event_of, room_of
from tests.people import Person, Visitors, done, unique
from tests.servers import ParlourServer


async def test_an_invitation_mails_everybody(ann: Person, visitors: Visitors, server: ParlourServer) -> None:
    room = room_of(ann)
    people = [await visitors.stranger(name) for name in ("eve", "dan")]
    emails = [person.email for person in people]
    answer = done(await ann.post("/invitation", {"email": emails, "room": room}))
    assert answer.json() == {"invited": emails, "rejected": []}
    for email in emails:
        mail = await server.expect_mail(email)
        assert room not in mail.subject  # a stranger chose it
        assert (ann.username or "") in mail.subject
        assert (ann.username or "") in mail.text
        assert room in mail.text
        assert f"{server.url}/r/{room}" in mail.text
        assert f"{server.url}/r/{room}" in mail.html


async def test_a_link_to_a_room_with_an_odd_name(ann: Person, nobody: Person, server: ParlourServer) -> None:
    room = await ann.creates_room(unique('a/b?c#d "<é>&'))
    await ann.invites(nobody, to=room)
    mail = await server.expect_mail(nobody.email)
    assert f"{server.url}/r/a%2Fb%3Fc%23d%20%22%3C%C3%A9%3E%26-{room[-8:]}" in mail.text
    assert "<é>" not in mail.html


async def test_addresses_that_are_none_are_passed_over_and_named(ann: Person, nobody: Person) -> None:
    room = room_of(ann)
    addresses = [
        "nonsense",
        nobody.email,
        "",
        "a@b",
        f" {nobody.email.upper()} ",
        "x" * 900,
        "two@example.org words",
    ]
    answer = done(await ann.post("/invitation", {"email": addresses, "room": room})).json()
    assert answer == {
        "invited": [nobody.email],
        "rejected": ["nonsense", "", "a@b", "x" * 900, "two@example.org words"],
    }


@pytest.mark.parametrize(
    "emails", [["nonsense"], [""], ["a@b", "@"], ["ann@example.org\nBcc: x@example.org"]]
)
async def test_not_one_address_is_left(ann: Person, emails: list[str]) -> None:
    room = room_of(ann)
    does_not_fit(await ann.post("/invitation", {"email": emails, "room": room}), "email")
    assert done(await ann.get("/invitation", params={"room": room})).json() == {"invitations": []}


async def test_lists_as_mail_programs_write_them(ann: Person, nobody: Person) -> None:
    room, other = room_of(ann), f"{unique('carl')}@example.org"
    addresses = [f'Team: "Doe, Bob" <{nobody.email}>, nonsense; Carl <{other}>\r\n{nobody.email.upper()}']
    answer = done(await ann.post("/invitation", {"email": addresses, "room": room})).json()
    assert answer == {"invited": [nobody.email, other], "rejected": ["nonsense"]}


async def test_lists_of_more_than_200_entries(ann: Person) -> None:
    lists = ["a@example.org, " * 101, "b@example.org;" * 101]
    body = {"email": lists, "room": room_of(ann)}
    answer = done(await ann.post("/invitation", body)).json()
    assert answer["invited"] == ["a@example.org", "b@example.org"]
    body["email"] = ["nonsense," * 101, "a@example.org", "nonsense;" * 101]
    refused(await ann.post("/invitation", body), 413, "too_many_addresses")


@pytest.mark.parametrize("emails", [[], ["a@example.org"] * 201], ids=["none", "201"])
async def test_numbers_of_addresses_that_do_not_fit(ann: Person, emails: list[str]) -> None:
    does_not_fit(await ann.post("/invitation", {"email": emails, "room": "any"}), "email")


async def test_a_bare_address_is_no_list(ann: Person) -> None:
    does_not_fit(await ann.post("/invitation", {"email": ann.email, "room": "any"}), "email")


async def test_no_such_room(ann: Person, bob: Person) -> None:
    body = {"email": [bob.email], "room": unique("no such room")}
    refused(await ann.post("/invitation", body), 404, "room_not_found")
    refused(await ann.get("/invitation", params={"room": body["room"]}), 404, "room_not_found")


async def test_only_the_creator_invites(ann: Person, bob: Person, gus: Person) -> None:
    room, event = room_of(ann), event_of(ann)
    await ann.invites(bob, gus, to=event)
    await bob.enters(room)
    for who in (bob, gus):
        for name in (room, event):
            refused(
                await who.post("/invitation", {"email": [who.email], "room": name}), 403, "not_the_creator"
            )
            refused(await who.get("/invitation", params={"room": name}), 403, "not_the_creator")


async def test_inviting_again_is_harmless(ann: Person, bob: Person) -> None:
    event = event_of(ann)
    for email in (bob.email, bob.email.upper(), bob.email):
        done(await ann.post("/invitation", {"email": [email], "room": event}))
    entries = done(await ann.get("/invitation", params={"room": event})).json()
    assert entries == {"invitations": [{"email": bob.email, "username": bob.username}]}


async def test_the_creator_reads_who_is_invited(
    ann: Person, bob: Person, gus: Person, nobody: Person
) -> None:
    room = room_of(ann)
    await ann.invites(bob, gus, nobody, to=room)
    entries = done(await ann.get("/invitation", params={"room": room.upper()})).json()["invitations"]
    assert {entry["email"]: entry["username"] for entry in entries} == {
        bob.email: bob.username,
        gus.email: None,
        nobody.email: None,
    }


# -------------------------------------------------------------------------------------------- check


@pytest.mark.parametrize("kind", ["room", "event"])
async def test_who_is_invited(ann: Person, bob: Person, gus: Person, kind: str) -> None:
    room = event_of(ann) if kind == "event" else room_of(ann)
    for who in (bob, gus):
        body = {"email": who.email, "room": room}
        refused(await who.post("/invitation/check", body), 403, "not_invited")
        await ann.invites(who, to=room)
        nothing_to_say(await who.post("/invitation/check", body))
        nothing_to_say(
            await who.post("/invitation/check", {"email": who.email.upper(), "room": room.upper()})
        )


async def test_the_creator_is_as_good_as_invited(ann: Person) -> None:
    for room in (room_of(ann), event_of(ann)):
        nothing_to_say(await ann.post("/invitation/check", {"email": ann.email, "room": room}))


async def test_a_password_is_no_invitation(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    await bob.enters(room)
    refused(await bob.post("/invitation/check", {"email": bob.email, "room": room}), 403, "not_invited")


async def test_a_room_that_does_not_exist_is_like_one_without_invitation(bob: Person) -> None:
    body = {"email": bob.email, "room": unique("no such room")}
    refused(await bob.post("/invitation/check", body), 403, "not_invited")


async def test_somebody_elses_invitation(ann: Person, bob: Person, nobody: Person) -> None:
    event = event_of(ann)
    await ann.invites(bob, to=event)
    for email in (bob.email, nobody.email):
        refused(await ann.post("/invitation/check", {"email": email, "room": event}), 403, "not_the_caller")


async def test_an_invitation_waits_for_its_client(ann: Person, visitors: Visitors) -> None:
    room, event = room_of(ann), event_of(ann)
    eve = await visitors.stranger("eve")
    for name in (room, event):
        await ann.invites(eve.email, to=name)
    await eve.registers()
    await eve.confirms()
    await eve.logs_in()
    for name in (room, event):
        nothing_to_say(await eve.post("/invitation/check", {"email": eve.email, "room": name}))
        await eve.writes("here I am", to=name)
