"""Attacks that look for accounts, or act in the name of others."""

from pathlib import Path

import httpx
import pytest

from parlour.accounts.identity import RequestSource
from parlour.accounts.refusals import WrongCredentials
from parlour.accounts.registration.service import Registrant
from parlour.app import Parlour
from parlour.db.migrate import migrate
from parlour.settings import Settings
from tests.conftest import StartServer
from tests.people import PASSWORD, Person, Visitors, unique, until_refused
from tests.servers import ParlourServer

SOURCE = RequestSource(address="127.0.0.1", device="a test")

pytestmark = pytest.mark.database("sqlite")


async def test_login_enumeration_by_answer(ann: Person, visitors: Visitors) -> None:
    attacker = await visitors.stranger()
    answers = set()
    for name in (ann.username, ann.email, "nobody-here", "nobody@example.org"):
        answer = await attacker.post("/client/login", {"username": name, "password": "a wrong guess"})
        headers = {key for key in answer.headers if key not in ("x-request-id", "date")}
        answers.add((answer.status_code, answer.text, tuple(sorted(headers))))
    assert len(answers) == 1


async def test_login_enumeration_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password costs one hash, whoever it is for: what takes the time is counted, not timed."""
    parlour = Parlour(Settings(data_dir=tmp_path), port=8000)
    await migrate(parlour.core.database)
    await parlour.accounts.registration.create_client(
        email="ann@example.org", username="annie", password=PASSWORD
    )
    await parlour.accounts.registration.register_client(
        email="bob@example.org",
        username="bobby",
        password=PASSWORD,
        registrant=Registrant(browser="a browser"),
        source=SOURCE,
    )
    await parlour.accounts.passwords.verify_nobody("makes the decoy")
    hashes = 0
    compute = parlour.accounts.passwords._in_thread

    async def counted(work: object) -> object:
        nonlocal hashes
        hashes += 1
        return await compute(work)  # type: ignore[arg-type]

    monkeypatch.setattr(parlour.accounts.passwords, "_in_thread", counted)
    costs = {}
    for handle in ("annie", "ann@example.org", "bobby", "nobody", "nobody@example.org"):
        hashes = 0
        with pytest.raises(WrongCredentials):
            await parlour.accounts.sessions.log_in(
                username_or_email=handle, password="a wrong guess", source=SOURCE
            )
        costs[handle] = hashes
    assert set(costs.values()) == {1}, costs
    parlour.accounts.passwords.close()
    await parlour.core.database.close()


async def test_email_enumeration_by_answer(ann: Person, visitors: Visitors) -> None:
    """Where the contract does not ask for another answer, there is none: registration alone tells."""
    attacker = await visitors.stranger()
    known = await attacker.post("/verification", {"email": ann.email})
    unknown = await attacker.post("/verification", {"email": f"{unique('none')}@example.org"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (200, "{}")


async def test_event_enumeration(ann: Person, mallory: Person) -> None:
    """An event that one is not invited to answers as a room that does not exist."""
    event = await ann.creates_event()
    answers = [
        await mallory.post("/invitation/check", {"email": mallory.email, "room": room})
        for room in (event, unique("none"))
    ]
    assert answers[0].status_code == answers[1].status_code == 403
    assert answers[0].text == answers[1].text
    assert event not in await mallory.sees()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/room", {"name": "x", "password": "x", "description": "", "creator": "{victim}"}),
        ("/message", {"roomname": "{room}", "message": "x", "email": "{email}"}),
        ("/event/log", {"name": "{room}", "move": "j", "email": "{email}"}),
        ("/invitation/check", {"room": "{room}", "email": "{email}"}),
    ],
)
async def test_spoofed_identity_in_each_body(
    ann: Person, mallory: Person, path: str, body: dict[str, str]
) -> None:
    room = await ann.creates_room()
    await mallory.enters(room)
    await ann.makes_event(room)
    await ann.invites(mallory, to=room)
    names = {"victim": ann.username, "room": room, "email": ann.email}
    answer = await mallory.post(path, {key: value.format(**names) for key, value in body.items()})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_caller")


async def test_spoofed_identity_in_room_check(ann: Person, mallory: Person) -> None:
    event = await ann.creates_event()
    answer = await mallory.post("/room/check", {"username": ann.username})
    assert event not in {room["name"] for room in answer.json()}


async def test_host_header_poisoning_of_mail_links(server: ParlourServer, visitors: Visitors) -> None:
    victim = await visitors.stranger()
    body = {"email": victim.email, "username": victim.username, "password": victim.password}
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example;proto=https",
        "Origin": "https://evil.example",
    }
    assert (await victim.http.post("/client", json=body, headers=headers)).status_code == 200
    mail = await server.expect_mail(victim.email)
    assert "evil.example" not in mail.text + mail.html + mail.subject
    assert f"{server.url}/verifyclient/" in mail.text


@pytest.mark.parametrize("breaking", ["\r\nBcc: eve@example.org", "\n\nhello", "\u2028Bcc: x", "\0"])
async def test_header_injection_in_mail(ann: Person, visitors: Visitors, breaking: str) -> None:
    attacker = await visitors.stranger()
    assert (await attacker.post("/guest", {"email": f"a@example.org{breaking}"})).status_code == 422
    body = {"name": f"room{breaking}", "password": "x", "description": "", "creator": ann.username}
    assert (await ann.post("/room", body)).status_code == 422


async def test_password_spraying(fresh_server: StartServer) -> None:
    """One usual password against many accounts: each is asked once, the address is what stands out."""
    server = await fresh_server({"PARLOUR_FAILURES_PER_ADDRESS": 5})
    async with Visitors(server) as visitors:
        victims = [await visitors.client(unique("victim")) for _ in range(3)]
        nobodies = [await visitors.stranger() for _ in range(20)]
        attacker = await visitors.stranger()
        attacked = iter([*victims, *nobodies])

        async def sprays() -> httpx.Response:
            body = {"username": next(attacked).username, "password": "Summer2026!"}
            return await attacker.post("/client/login", body)

        heard, answer = await until_refused(sprays)
    assert heard >= 5
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("invited", "other"),
    [("straße.example", "strasse.example"), ("strasse.example", "straße.example"), ("faß.test", "fass.test")],
)
async def test_a_domain_that_is_only_alike_takes_no_invitation(
    ann: Person, visitors: Visitors, invited: str, other: str
) -> None:
    name = unique("victim")
    event = await ann.creates_event()
    await ann.invites(f"{name}@{invited}", to=event)
    attacker = await visitors.guest(email=f"{name}@{other}")
    assert event not in await attacker.sees()
    answer = await attacker.post("/invitation/check", {"email": attacker.email, "room": event})
    assert answer.status_code == 403
    victim = await visitors.stranger(email=f"{name}@{invited}", client=False)
    await victim.registers()
    await ann.bans(attacker.email, event)
    assert (await ann.get("/room/ban", params={"room": event})).json()["bans"][0]["email"] == attacker.email


async def test_subaddresses_share_the_mails_of_one_mailbox(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_MAILS_PER_RECIPIENT": 3})
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        emails = [f"victim+{number}@example.org" for number in range(10)]
        await ann.invites(*emails, to=await ann.creates_room())
        attacker = await visitors.stranger(client=False)
        for email in ("victim+x@example.org", "VICTIM@example.org", "victim+0+1@example.org"):
            assert (await attacker.post("/guest", {"email": email})).status_code == 429
        written_to = [email for email in emails if await server.mails(email)]
        assert len(written_to) == 3
