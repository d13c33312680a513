"""Somebody registers an address of another: nobody is kept out, no stranger's password is confirmed."""

from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import nothing_to_say, refused
from tests.people import Person, Visitors, done, http_client, unique, until_refused


async def squats(visitors: Visitors, victim: Person) -> Person:
    """An attacker who registers the victim's address with a password of their own."""
    attacker = await visitors.stranger("mallory", email=victim.email)
    attacker.password = "the attacker chose it"
    await attacker.registers()
    return attacker


async def may_log_in(person: Person) -> bool:
    body = {"username": person.username, "password": person.password}
    return (await person.post("/client/login", body)).status_code == 200


async def test_a_registration_that_waits_keeps_nobody_out(ann: Person, visitors: Visitors) -> None:
    event = await ann.creates_event()
    victim = await visitors.stranger("vic", client=False)
    await ann.invites(victim, to=event)
    await squats(visitors, victim)
    await victim.reads_link()  # the attacker's
    await victim.registers()
    await victim.confirms()
    assert event in await victim.sees()
    await victim.becomes_client(unique("vic"))
    assert event in await victim.sees()


@pytest.mark.parametrize("reason", ["invited", "guest", "awaited guest", "registers too"])
async def test_the_owners_click_confirms_no_strangers_password(
    ann: Person, visitors: Visitors, reason: str
) -> None:
    victim = await visitors.stranger("vic", client=reason == "registers too")
    if reason == "invited":
        await ann.invites(victim, to=await ann.creates_event())
    elif reason != "registers too":
        await victim.registers()
    if reason == "guest":
        await victim.confirms()
    elif reason == "awaited guest":
        await victim.reads_link()
    attacker = await squats(visitors, victim)
    link = {"token": await victim.reads_link()}
    if reason == "registers too":
        await victim.registers()
    refused(await victim.put("/client/verify", params=link), 403, "registration_not_proven")
    typed = {"password": victim.password}
    refused(await victim.put("/client/verify", params=link, json=typed), 401, "wrong_password")
    assert not await may_log_in(attacker)


async def test_once_one_is_confirmed_the_others_links_are_dead(visitors: Visitors) -> None:
    victim = await visitors.stranger("vic")
    attacker = await squats(visitors, victim)
    theirs = {"token": await victim.reads_link()}
    await victim.registers()
    nothing_to_say(await victim.put("/client/verify", params={"token": await victim.reads_link()}))
    for body in ({}, {"password": attacker.password}):
        answer = await attacker.put("/client/verify", params=theirs, json=body)
        refused(answer, 403, "invalid_verification")
    assert not await may_log_in(attacker)
    await victim.logs_in()
    late = await visitors.stranger("late", email=victim.email)
    body = {"email": late.email, "username": unique("late"), "password": late.password}
    refused(await late.post("/client", body), 409, "email_taken")


async def test_in_another_browser_the_password_confirms(ann: Person, visitors: Visitors) -> None:
    victim = await visitors.stranger("vic")
    event = await ann.creates_event()
    await ann.invites(victim, to=event)
    await squats(visitors, victim)
    await victim.reads_link()
    await victim.registers()
    link = {"token": await victim.reads_link()}
    elsewhere = await visitors.same(victim)
    refused(await elsewhere.put("/client/verify", params=link), 403, "registration_not_proven")
    nothing_to_say(await elsewhere.put("/client/verify", params=link, json={"password": victim.password}))
    await elsewhere.logs_in()
    assert event in await elsewhere.sees()


@pytest.mark.parametrize("reason", ["invited", "awaited guest", "registers too"])
async def test_the_owners_click_gives_no_stranger_the_address(
    ann: Person, visitors: Visitors, reason: str
) -> None:
    """By a change of email, which puts the victim's address under the attacker's account."""
    victim = await visitors.stranger("vic", client=reason == "registers too")
    event = await ann.creates_event()
    if reason == "invited":
        await ann.invites(victim, to=event)
    else:
        await victim.registers()
        await victim.reads_link()
    attacker = await visitors.client("mallory")
    done(await attacker.put("/client/email", json={"email": victim.email, "password": attacker.password}))
    link = {"token": await victim.reads_link()}
    for caller in (victim.http, ann.http):
        refused(await caller.put("/email/verify", json=link), 403, "email_change_not_proven")
    assert event not in await attacker.sees()
    if reason == "invited":
        await victim.registers()
        await victim.confirms()
        assert event in await victim.sees()
        refused(await attacker.put("/email/verify", json=link), 409, "email_taken")
    else:
        nothing_to_say(await attacker.put("/email/verify", json=link))


@pytest.mark.parametrize("body", [None, {}, {"password": None}])
async def test_where_nobody_else_is_meant_the_link_is_enough(visitors: Visitors, body: Any) -> None:
    """As clients rely on that have never heard of a proof, and open the mail elsewhere."""
    eve = await visitors.stranger("eve")
    await eve.registers()
    async with http_client(eve.server) as elsewhere:
        params = {"token": await eve.reads_link()}
        nothing_to_say(await elsewhere.put("/client/verify", params=params, json=body))
    await eve.logs_in()


async def test_a_guest_who_registers_needs_no_other_proof(ann: Person, visitors: Visitors) -> None:
    """Being logged in as the address's guest proves that it is theirs."""
    gus = await visitors.guest("gus")
    await ann.invites(gus, to=await ann.creates_event())
    gus.username = unique("gus")
    await gus.registers()
    async with http_client(gus.server) as elsewhere:
        link = {"token": await gus.reads_link()}
        nothing_to_say(await elsewhere.put("/client/verify", params=link))


async def test_a_guest_vouches_for_no_other_address(visitors: Visitors) -> None:
    gus, victim = await visitors.guest("gus"), await visitors.guest("vic")
    body = {"email": victim.email, "username": unique("mallory"), "password": gus.password}
    done(await gus.post("/client", body))
    link = {"token": await victim.reads_link()}
    refused(await victim.put("/client/verify", params=link), 403, "registration_not_proven")


@pytest.mark.database("sqlite")
async def test_passwords_of_registrations_are_not_guessed_for_long(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_FAILURES_PER_ACCOUNT": 3})
    async with Visitors(server) as visitors:
        eve = await visitors.stranger("eve")
        await eve.registers()
        link, elsewhere = {"token": await eve.reads_link()}, await visitors.same(eve)
        guess = {"password": "a wrong guess"}
        heard, _ = await until_refused(lambda: elsewhere.put("/client/verify", params=link, json=guess))
        assert heard >= 3
        nothing_to_say(await eve.put("/client/verify", params=link))


@pytest.mark.database("sqlite")
async def test_the_cookie_of_a_registration_is_the_browsers_alone(visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    body = {"email": eve.email, "username": eve.username, "password": eve.password}
    (cookie,) = (await eve.post("/client", body)).headers.get_list("set-cookie")
    assert cookie.startswith("parlour-registration=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=3600"} <= set(cookie.split("; "))
    body["username"] = unique("eve")
    again = (await eve.post("/client", body)).headers["set-cookie"]
    assert again.split(";")[0] == cookie.split(";")[0], "both links work there"
    body["username"] = unique("eve")
    lines = [("Cookie", "theme=dark"), ("Cookie", cookie.split(";")[0])]  # as HTTP/2 may send them
    async with http_client(eve.server) as plain:
        split = (await plain.post("/client", json=body, headers=lines)).headers["set-cookie"]
    assert split.split(";")[0] == cookie.split(";")[0], "in whichever line it comes"


# ------------------------------------------------------------------------------ names of deleted accounts


async def test_the_name_of_a_deleted_account_is_nobody_elses(ann: Person, visitors: Visitors) -> None:
    gone = await visitors.client("gone")
    await ann.enters(room := await gone.creates_room())
    done(await gone.post("/account/deletion", {"password": gone.password}))
    attacker = await visitors.stranger("mallory")
    for name in (gone.username, str(gone.username).upper()):
        body = {"email": attacker.email, "username": name, "password": attacker.password}
        refused(await attacker.post("/client", body), 409, "username_taken")
    assert (await ann.sees())[room]["username"] == gone.username
