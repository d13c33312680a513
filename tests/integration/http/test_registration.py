"""POST /client, PUT /client/verify."""

from collections.abc import Callable

import pytest

from tests.integration.http.answers import does_not_fit, nothing_to_say, refused
from tests.integration.http.storage import remove_user
from tests.integration.http.tokens import expiry, forgeries
from tests.people import PASSWORD, Person, Visitors, unique
from tests.servers import ParlourServer


async def test_registering_sends_a_link_that_makes_the_account_usable(
    visitors: Visitors, server: ParlourServer
) -> None:
    eve = await visitors.stranger("eve")
    body = {"email": eve.email, "username": eve.username, "password": eve.password}
    nothing_to_say(await eve.post("/client", body))
    mail = await server.expect_mail(eve.email)
    link = f"{server.url}/verifyclient/"
    assert link in mail.text
    assert link in mail.html
    token = mail.text.split(link)[1].split()[0]
    nothing_to_say(await eve.put("/client/verify", params={"token": token}))
    await eve.logs_in()


async def test_a_confirmation_logs_nobody_in(visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    answer = await eve.put("/client/verify", params={"token": await eve.reads_link()})
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("change", [str, str.upper, str.title], ids=["same", "upper", "title"])
async def test_a_username_is_given_once(ann: Person, nobody: Person, change: Callable[[str], str]) -> None:
    body = {"email": nobody.email, "username": change(ann.username or ""), "password": PASSWORD}
    refused(await nobody.post("/client", body), 409, "username_taken")


@pytest.mark.parametrize("change", [str, str.upper, " {} ".format], ids=["same", "upper", "spaces"])
async def test_an_email_is_given_once(ann: Person, nobody: Person, change: Callable[[str], str]) -> None:
    body = {"email": change(ann.email), "username": nobody.username, "password": PASSWORD}
    refused(await nobody.post("/client", body), 409, "email_taken")


@pytest.mark.parametrize("name", ["Guest", "guest", "GUEST"])
async def test_guest_is_always_taken(nobody: Person, name: str) -> None:
    body = {"email": nobody.email, "username": name, "password": PASSWORD}
    refused(await nobody.post("/client", body), 409, "username_taken")


async def test_the_username_of_a_registration_that_waits_is_taken(visitors: Visitors) -> None:
    first, second = await visitors.stranger(), await visitors.stranger()
    await first.registers()
    by_name = {"email": second.email, "username": first.username, "password": PASSWORD}
    refused(await second.post("/client", by_name), 409, "username_taken")


async def test_an_email_is_trimmed_and_written_as_given(visitors: Visitors) -> None:
    name = unique("Zoe")
    eve = await visitors.stranger(email=f"{name}@Example.ORG")
    body = {"email": f"  {name}@Example.ORG ", "username": eve.username, "password": eve.password}
    nothing_to_say(await eve.post("/client", body))
    eve.email = f"{name}@example.org"  # RFC 5321: only a domain is the same in any case
    await eve.confirms()
    await eve.logs_in()


@pytest.mark.parametrize(
    "username",
    [
        "",
        "ann",
        "a" * 25,
        "1ann",
        "-ann",
        "_an",
        "ann lee",
        "ann@lee",
        "änne",
        "annä",
        " anne",
        "anne ",
        "anne\n",
    ],
)
async def test_usernames_that_do_not_fit(nobody: Person, username: str) -> None:
    body = {"email": nobody.email, "username": username, "password": PASSWORD}
    does_not_fit(await nobody.post("/client", body), "username")


@pytest.mark.parametrize("length", [0, 7, 129])
async def test_passwords_that_do_not_fit(nobody: Person, length: int) -> None:
    body = {"email": nobody.email, "username": nobody.username, "password": "p" * length}
    does_not_fit(await nobody.post("/client", body), "password")


@pytest.mark.parametrize("password", ["eight ch", "p" * 128, "  spaces  ", "🔑" * 128])
async def test_passwords_that_fit(visitors: Visitors, password: str) -> None:
    eve = await visitors.stranger("eve")
    eve.password = password
    await eve.registers()
    await eve.confirms()
    await eve.logs_in()


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@example.org", "ann@example", "ann@@example.org", "ann lee@example.org",
     "ann@exam ple.org",
     "ann@example.org\r\nBcc: bob@example.org", "Ann <ann@example.org>", "ann@example.org, bob@example.org",
     "ann@-example.org", "ann@example..org", f"ann@{'a' * 250}.org", "ann@[127.0.0.1]"],
)  # fmt: skip
async def test_emails_that_are_none(nobody: Person, email: str) -> None:
    does_not_fit(await nobody.post("/guest", {"email": email}), "email")
    body = {"email": email, "username": nobody.username, "password": PASSWORD}
    does_not_fit(await nobody.post("/client", body), "email")


# ------------------------------------------------------------------------------------- confirmation


async def test_a_link_works_once(visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    token = await eve.reads_link()
    nothing_to_say(await eve.put("/client/verify", params={"token": token}))
    refused(await eve.put("/client/verify", params={"token": token}), 409, "already_verified")


async def test_forged_links_confirm_nothing(visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    token = await eve.reads_link()
    for what, forged in forgeries(token).items():
        answer = await eve.put("/client/verify", params={"token": forged})
        assert answer.status_code == 403, what
        refused(answer, 403, "invalid_verification")
    nothing_to_say(await eve.put("/client/verify", params={"token": token}))


async def test_other_tokens_confirm_nothing(ann: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    for token in (await gus.reads_link(), ann.token, ann.cookie):
        refused(await gus.put("/client/verify", params={"token": token}), 403, "invalid_verification")


async def test_a_link_of_somebody_who_is_gone(server: ParlourServer, visitors: Visitors) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    token = await eve.reads_link()
    remove_user(server, eve.email)
    await (await visitors.stranger()).registers()  # whoever comes next is not taken for her
    refused(await eve.put("/client/verify", params={"token": token}), 404, "user_not_found")


async def test_a_link_ends_and_frees_name_and_email(hasty_visitors: Visitors) -> None:
    eve = await hasty_visitors.stranger("eve")
    await eve.registers()
    token = await eve.reads_link()
    await expiry(token)
    refused(await eve.put("/client/verify", params={"token": token}), 403, "invalid_verification")
    other = await hasty_visitors.stranger()
    other.username = eve.username
    await other.registers()
    await (await hasty_visitors.stranger(email=eve.email)).registers()


async def test_a_link_without_a_token(nobody: Person) -> None:
    does_not_fit(await nobody.put("/client/verify"), "token")
    refused(await nobody.put("/client/verify", params={"token": ""}), 403, "invalid_verification")
