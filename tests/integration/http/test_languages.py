"""The language that a request asks for: of the page, and of the mails that it causes."""

import re

import pytest

from tests.integration.http.answers import refused
from tests.people import Person, Visitors, done, unique
from tests.servers import ParlourServer

GERMAN = {"Accept-Language": "de-AT,en;q=0.5"}
ARABIC = {"Accept-Language": "ar"}
UNKNOWN = {"Accept-Language": "ja"}


async def test_mails_are_in_the_language_of_the_registration(visitors: Visitors) -> None:
    ann = await visitors.stranger("ann")
    ann.http.headers.update(GERMAN)
    await ann.registers()
    mail = await ann.server.expect_mail(ann.email)
    assert mail.subject == "Bestätigen Sie Ihr Parlour-Konto"
    assert "gilt eine Stunde" in mail.text
    assert '<html lang="de">' in mail.html


async def test_mails_to_a_guest_are_in_their_language(visitors: Visitors) -> None:
    gus = await visitors.stranger("gus", client=False)
    gus.http.headers.update(ARABIC)
    await gus.registers()
    mail = await gus.server.expect_mail(gus.email)
    assert mail.subject == "انضم إلى Parlour كضيف"
    assert '<html lang="ar" dir="rtl">' in mail.html


@pytest.mark.parametrize("headers", [{}, UNKNOWN], ids=["none", "unknown"])
async def test_without_a_language_that_we_speak_mails_are_english(
    visitors: Visitors, headers: dict[str, str]
) -> None:
    ann = await visitors.stranger("ann")
    ann.http.headers.update(headers)
    await ann.registers()
    assert (await ann.server.expect_mail(ann.email)).subject == "Confirm your Parlour account"


async def test_a_link_that_is_sent_again_speaks_the_language_of_the_first(
    visitors: Visitors, nobody: Person
) -> None:
    ann = await visitors.stranger("ann")
    ann.http.headers.update(GERMAN)
    await ann.registers()
    done(await nobody.http.post("/verification", json={"email": ann.email}))
    subjects = [(await ann.server.expect_mail(ann.email)).subject for _ in range(2)]
    assert subjects == ["Bestätigen Sie Ihr Parlour-Konto"] * 2


async def test_an_invitation_is_in_the_language_of_the_invited_account(visitors: Visitors) -> None:
    ann, bob = await visitors.client("ann"), await visitors.stranger("bob")
    bob.http.headers.update(GERMAN)
    await bob.registers()
    await bob.confirms()
    stranger = f"{unique('eve')}@example.org"
    room = await ann.creates_room()
    await ann.invites(bob, stranger, to=room)
    invitation = await bob.server.expect_mail(bob.email)
    assert invitation.subject == f"{ann.username} hat Sie in einen Raum auf localhost eingeladen"
    invitation = await bob.server.expect_mail(stranger)
    assert invitation.subject == f"{ann.username} has invited you to a room on localhost"


async def test_a_login_in_another_language_changes_the_language_of_mails(
    visitors: Visitors, nobody: Person
) -> None:
    ann = await visitors.client("ann")
    ann.http.headers.update(GERMAN)
    await ann.logs_in()
    done(await nobody.http.post("/password/forgotten", json={"email": ann.email}))
    await _expect(ann, "Setzen Sie Ihr Parlour-Passwort zurück")


async def test_the_language_of_mails_is_in_the_export(visitors: Visitors) -> None:
    ann = await visitors.client("ann")
    assert "language" not in done(await ann.get("/account/export")).json()["account"]
    done(
        await ann.post("/client/login", {"username": ann.username, "password": ann.password}, headers=GERMAN)
    )
    assert done(await ann.get("/account/export")).json()["account"]["language"] == "de"


async def test_mails_of_an_account_are_in_the_language_of_the_request(visitors: Visitors) -> None:
    ann = await visitors.client("ann")
    new = f"{unique('ann')}@example.org"
    body = {"email": new, "password": ann.password}
    done(await ann.put("/client/email", json=body, headers=GERMAN))
    assert (await ann.server.expect_mail(new)).subject == "Bestätigen Sie Ihre neue E-Mail-Adresse"
    await _expect(ann, "Jemand möchte Ihre E-Mail-Adresse bei Parlour ändern")
    body = {"password": ann.password, "new_password": "another fine sentence"}
    done(await ann.put("/client/password", json=body, headers=GERMAN))
    await _expect(ann, "Ihr Parlour-Passwort wurde geändert")
    done(await ann.post("/account/deletion", {"password": body["new_password"]}, headers=GERMAN))
    await _expect(ann, "Ihr Parlour-Konto wurde gelöscht")


async def _expect(person: Person, subject: str) -> None:
    while (await person.server.expect_mail(person.email)).subject != subject:
        pass


async def test_refusals_stay_english_with_a_code_for_clients_to_translate(visitors: Visitors) -> None:
    ann = await visitors.stranger("ann")
    ann.http.headers.update(GERMAN)
    answer = await ann.post("/client/login", {"username": "nobody", "password": "wrong password"})
    refused(answer, 401, "wrong_credentials")
    assert answer.json()["message"] == "The username or password is incorrect."


async def test_a_fault_that_only_the_server_can_tell_has_a_code(visitors: Visitors) -> None:
    ann = await visitors.stranger("ann")
    body = {"email": ann.email, "username": ann.username, "password": "password123"}
    answer = await ann.post("/client", body)
    refused(answer, 422, "invalid_request")
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["code"]) == ("password", "common_password")
    answer = await ann.post("/client", {**body, "password": "short"})
    assert "code" not in answer.json()["errors"][0]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("accepts", "html"),
    [
        (None, '<html lang="en">'),
        ("ja", '<html lang="en">'),
        ("de-AT,en;q=0.5", '<html lang="de" dir="ltr">'),
        ("ar", '<html lang="ar" dir="rtl">'),
    ],
)
async def test_a_page_says_its_language_and_names_its_texts(
    server: ParlourServer, nobody: Person, accepts: str | None, html: str
) -> None:
    headers = {} if accepts is None else {"Accept-Language": accepts}
    for path in ("/", "/login", "/nothing"):
        answer = await nobody.http.get(path, headers={"Accept": "text/html", **headers})
        if answer.status_code == 503:
            pytest.fail("The web client is not built: make setup")
        assert html in answer.text
        assert {"Accept-Encoding", "Accept-Language"} <= set(answer.headers["vary"].split(", "))
        texts = re.findall(r'<link rel="modulepreload" crossorigin href="([^"]*/texts-[^"]*)"', answer.text)
        assert len(texts) == (2 if 'lang="en"' not in html else 0)
        for text in texts:
            asset = await nobody.http.get(text)
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]


@pytest.mark.database("sqlite")
async def test_pages_of_different_languages_have_different_etags(nobody: Person) -> None:
    english = await nobody.http.get("/")
    german = await nobody.http.get("/", headers={**GERMAN, "If-None-Match": english.headers["etag"]})
    assert german.status_code == 200
    assert german.headers["etag"] != english.headers["etag"]
    again = await nobody.http.get("/", headers={**GERMAN, "If-None-Match": german.headers["etag"]})
    assert again.status_code == 304
