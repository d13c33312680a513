"""POST /link tells what a mailed link would do, without using it; and who is logged in by confirming."""

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import nothing_to_say, refused
from tests.integration.http.tokens import forgeries
from tests.people import Person, Visitors, done, token_in, unique


async def state_of(person: Person, token: str) -> dict[str, object]:
    answer: dict[str, object] = done(await person.http.post("/link", json={"token": token})).json()
    return answer


def status(
    purpose: str, state: str, email: str | None, *, password_needed: bool = False
) -> dict[str, object]:
    return {"purpose": purpose, "state": state, "email": email, "password_needed": password_needed}


async def test_the_link_of_a_client(visitors: Visitors, nobody: Person) -> None:
    ann = await visitors.stranger("ann")
    await ann.registers()
    token = await ann.reads_link()
    for _ in range(2):
        assert await state_of(nobody, token) == status("client", "valid", ann.email)
    nothing_to_say(await ann.put("/client/verify", params={"token": token}))
    assert await state_of(nobody, token) == status("client", "used", ann.email)


async def test_a_registration_that_takes_the_password(visitors: Visitors, nobody: Person) -> None:
    """Another registration of the address waits; the browser that registered needs none."""
    ann = await visitors.stranger("ann")
    await ann.registers()
    token = await ann.reads_link()
    await (await visitors.stranger("mallory", email=ann.email)).registers()
    assert await state_of(nobody, token) == status("client", "valid", ann.email, password_needed=True)
    assert await state_of(ann, token) == status("client", "valid", ann.email)


async def test_the_link_of_a_guest(visitors: Visitors, nobody: Person) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    token = await gus.reads_link()
    assert await state_of(nobody, token) == status("guest", "valid", gus.email)
    done(await gus.put("/guest/verify", params={"token": token}))
    assert await state_of(nobody, token) == status("guest", "used", gus.email)


async def test_the_links_of_an_account(visitors: Visitors, nobody: Person) -> None:
    ann = await visitors.client("ann")
    old, new = ann.email, f"{unique('ann')}@example.org"
    done(await ann.put("/client/email", json={"email": new, "password": ann.password}))
    confirm = token_in(await ann.server.expect_mail(new)) or ""
    while "/stopemail#" not in (mail := await ann.server.expect_mail(old)).text:
        pass
    stop = mail.text.split("/stopemail#")[1].split()[0]
    assert await state_of(nobody, confirm) == status("email", "valid", new)
    assert await state_of(nobody, stop) == status("stop_email", "valid", old)
    done(await ann.put("/email/verify", json={"token": confirm}))
    assert await state_of(nobody, confirm) == status("email", "used", new)
    assert await state_of(nobody, stop) == status("stop_email", "used", new)

    done(await ann.http.post("/password/forgotten", json={"email": new}))
    while "/reset#" not in (mail := await ann.server.expect_mail(new)).text:
        pass
    reset = token_in(mail) or ""
    assert await state_of(nobody, reset) == status("password", "valid", new)
    done(await ann.http.put("/password/reset", json={"token": reset, "password": "staple the horse"}))
    assert await state_of(nobody, reset) == status("password", "used", new)


async def test_an_account_that_is_gone(visitors: Visitors, nobody: Person) -> None:
    ann = await visitors.client("ann")
    done(await ann.http.post("/password/forgotten", json={"email": ann.email}))
    token = await ann.reads_link()
    done(await ann.post("/account/deletion", {"password": ann.password}))
    assert await state_of(nobody, token) == status("password", "used", None)


async def test_tokens_that_are_no_links(ann: Person, nobody: Person, visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    token = await gus.reads_link()
    others = {"access": ann.token or "", "refresh": ann.cookie, "nothing": ""}
    for what, text in {**forgeries(token), **others}.items():
        answer = await nobody.http.post("/link", json={"token": text})
        assert answer.status_code == 403, what
        refused(answer, 403, "invalid_verification")


@pytest.mark.database("sqlite")
async def test_looks_are_limited(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server({"PARLOUR_LINKS_PER_MINUTE": 2})) as visitors:
        sam = await visitors.stranger("sam")
        answers = [await sam.http.post("/link", json={"token": "x"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [403, 403, 429]


# ------------------------------------------------------------------------- logged in by confirming


async def confirms(person: Person, **body: object) -> httpx.Response:
    token = await person.reads_link()
    return done(await person.http.put("/client/verify", params={"token": token}, json=body))


async def test_the_browser_that_registered_is_logged_in(visitors: Visitors) -> None:
    ann = await visitors.stranger("ann")
    await ann.registers()
    answer = await confirms(ann, log_in=True)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("jwt=")
    assert "Max-Age" not in cookie
    told = answer.json()
    assert (told["email"], told["username"]) == (ann.email, ann.username)
    ann.token = told["accessToken"]
    done(await ann.get("/ice"))
    await ann.refreshes()


async def test_who_gives_the_password_is_logged_in(visitors: Visitors) -> None:
    ann = await visitors.stranger("ann")
    await ann.registers()
    ann.http.cookies.clear()
    told = (await confirms(ann, log_in=True, password=ann.password)).json()
    ann.token = told["accessToken"]
    done(await ann.get("/ice"))


@pytest.mark.parametrize(
    ("same_browser", "body"), [(True, {}), (True, {"log_in": False}), (False, {"log_in": True})]
)
async def test_nobody_else_is_logged_in(
    visitors: Visitors, same_browser: bool, body: dict[str, bool]
) -> None:
    """Existing clients do not ask for it, and a link alone is not enough."""
    ann = await visitors.stranger("ann")
    await ann.registers()
    if not same_browser:
        ann.http.cookies.clear()
    answer = await confirms(ann, **body)
    nothing_to_say(answer)
    assert "set-cookie" not in answer.headers
