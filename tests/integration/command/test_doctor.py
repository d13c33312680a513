"""`parlour doctor` finds nothing wrong with a server in order, and names each fault of one that is not."""

import asyncio
import json
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parlour.calls.ice import IcePlan
from parlour.cluster.coordinator import Lease, LeaseId, NodeDescription
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.doctor.findings import Check, Finding, Verdict, run_checks
from parlour.doctor.http_probe import Site
from parlour.doctor.machine import FilesCheck, SettingsCheck
from parlour.doctor.mail import MailCheck
from parlour.doctor.mail_records import MailRecordsCheck
from parlour.doctor.recordings import RecordingsCheck
from parlour.doctor.relays import RelayCheck
from parlour.doctor.storage import DatabaseCheck, RedisCheck
from parlour.doctor.web import PortCheck, PublicUrlCheck
from parlour.node_id import new_node_id
from parlour.options import Options, cluster_secret
from parlour.settings import Settings
from parlour.turn.own_server import CONFIGURATION_VERSION, PROGRAM
from parlour.turn.server import TurnServer, find_program
from parlour.turn.uri import IceUri
from tests.conftest import Databases, StartServer, StartSmtpServer
from tests.integration.server.test_turn import SECRET
from tests.integration.server.test_turn import settings as turn_settings
from tests.servers import ParlourServer, RedisServer
from tests.servers.certificate import self_signed
from tests.servers.command import run_parlour
from tests.servers.dns import Records, dns_server
from tests.servers.process import free_port
from tests.servers.proxies import NGINX_AS_DOCUMENTED, nginx
from tests.servers.s3 import BUCKET, KEY, S3Server
from tests.servers.s3 import SECRET as S3_SECRET
from tests.servers.turn import answers, program_of_version

NOBODY = 9
"""A port on which nothing listens."""


@pytest.fixture
def chosen(tmp_path: Path) -> Callable[..., Settings]:
    """`chosen(smtp_url=…)`: settings of a server whose data are in a folder of the test's own."""
    return lambda **values: Settings(_env_file=None, data_dir=tmp_path / "data", **values)


async def says(check: Check) -> list[Finding]:
    return await run_checks([check])


def assert_fault(findings: list[Finding], *words: str, verdict: Verdict = Verdict.FAILED) -> None:
    """One finding of this verdict has these words, and says what to do."""
    found = [finding for finding in findings if finding.verdict is verdict]
    matching = [
        finding for finding in found if all(word in f"{finding.says} {finding.todo}" for word in words)
    ]
    assert len(matching) == 1, findings
    assert matching[0].todo.endswith("."), matching
    assert matching[0].says.endswith((".", ")")), matching


def assert_well(findings: list[Finding], *words: str) -> None:
    assert all(finding.verdict is Verdict.OK for finding in findings), findings
    for word in words:
        assert any(word in finding.says for finding in findings), findings


# ------------------------------------------------------------------------------- a server that is in order


async def test_a_server_in_order(
    databases: Databases, redis: RedisServer, smtp_server: StartSmtpServer, tmp_path: Path
) -> None:
    """PostgreSQL, Redis, a mail server with login, nginx with TLS in front, and a TURN server beside it."""
    mail = await smtp_server("starttls", ("ann", "sw0rdfish"))
    public = free_port()
    trusted = tmp_path / "trusted.pem"
    settings = {
        **turn_settings(tmp_path, "parlour"),
        "PARLOUR_DATABASE_URL": await databases.create("postgres") or "",
        "PARLOUR_REDIS_URL": redis.url,
        "PARLOUR_SMTP_URL": mail.url,
        "PARLOUR_MAIL_FROM": "Parlour <parlour@example.org>",
        "PARLOUR_PUBLIC_URL": f"https://localhost:{public}",
        "PARLOUR_TRUSTED_PROXIES": "127.0.0.1",
        "PARLOUR_PROXY_HEADER": "x-forwarded-for",
    }
    self_signed(tmp_path / "site.pem", tmp_path / "site.key", lifetime=timedelta(days=60))
    certificates = [mail.certificate, Path(str(settings["PARLOUR_TURN_CERT"])), tmp_path / "site.pem"]
    trusted.write_text("".join(file.read_text() for file in certificates))
    settings |= {"SSL_CERT_FILE": str(trusted)}
    async with (
        ParlourServer(tmp_path, str(settings["PARLOUR_DATABASE_URL"]), settings) as server,
        nginx_with_tls(tmp_path, public, port := port_of(server)),
    ):
        await answers(IceUri(True, "127.0.0.1", int(settings["PARLOUR_TURN_PORT"]), "udp"))
        strings = {name: str(value) for name, value in settings.items()}
        strings["PARLOUR_DATA_DIR"] = str(tmp_path / "data")
        command = ("doctor", "--json", "--port", str(port), "--send-to", "bob@example.org")
        ended = await run_parlour(*command, folder=tmp_path, settings=strings)
    findings = json.loads(ended.out)
    local = "the public URL is this machine's own name, so nobody else can come."
    known = (local, "example.org is no name of the public DNS.")
    wrong = [one for one in findings if one["verdict"] != "ok" and one["says"] not in known]
    assert (ended.code, wrong) == (0, []), ended
    assert {one["check"] for one in findings} == {
        "settings", "files", "database", "redis", "mail", "mail records", "server", "public URL",
        "STUN and TURN", "versions"
    }  # fmt: skip
    relayed = [one["says"] for one in findings if "relays over" in one["says"]]
    assert [says.split(" relays over ")[1][:3] for says in relayed] == ["UDP", "TCP", "TLS"]
    received = await mail.expect_message("bob@example.org")
    assert received.login == "ann" and received.encrypted


def port_of(server: ParlourServer) -> int:
    return int(server.address.rpartition(":")[2])


@asynccontextmanager
async def nginx_with_tls(folder: Path, public: int, port: int) -> AsyncIterator[None]:
    directives = f"{NGINX_AS_DOCUMENTED} }} }} server {{ listen 127.0.0.1:{public} ssl; "
    directives += f"ssl_certificate {folder}/site.pem; ssl_certificate_key {folder}/site.key; "
    directives += f"location / {{ proxy_pass http://127.0.0.1:{port}; {NGINX_AS_DOCUMENTED}"
    async with nginx(folder, f"http://127.0.0.1:{port}", directives):
        yield


async def test_as_text_with_what_to_do(tmp_path: Path) -> None:
    ended = await run_parlour("doctor", "--port", str(NOBODY), folder=tmp_path)
    assert ended.code == 1
    lines = ended.out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("FAIL  server: nothing"))
    assert lines[at + 1].startswith("      Start it")
    assert ended.err == ""


async def test_a_setting_that_cannot_be_read(tmp_path: Path) -> None:
    wrong = {"PARLOUR_TURN_PORT": "many"}
    ended = await run_parlour("doctor", "--json", folder=tmp_path, settings=wrong)
    (finding,) = json.loads(ended.out)
    assert (ended.code, finding["check"], finding["verdict"]) == (1, "settings", "failed")
    assert "PARLOUR_TURN_PORT" in finding["says"]


# --------------------------------------------------------------------------------- the settings, the machine


@pytest.mark.parametrize(
    ("values", "words", "verdict"),
    [
        ({"public_url": "https://meet.example.org"}, ("PARLOUR_SMTP_URL",), Verdict.FAILED),
        (
            {"secret_key": "a" * 40, "public_url": "https://meet.example.org"},
            ("easy to guess",),
            Verdict.FAILED,
        ),
        ({"relay_only": True}, ("PARLOUR_RELAY_ONLY", "PARLOUR_TURN_URLS"), Verdict.FAILED),
        ({"turn_cert": "cert.pem"}, ("PARLOUR_TURN_CERT", "PARLOUR_TURN_KEY"), Verdict.FAILED),
        ({}, ("nobody else can come", "PARLOUR_PUBLIC_URL"), Verdict.WARNING),
        ({"public_url": "https://localhost:8443"}, ("PARLOUR_TRUSTED_PROXIES",), Verdict.WARNING),
        ({"public_url": "http://meet.example.org", "allow_insecure": True}, ("https",), Verdict.WARNING),
    ],
)
async def test_settings(
    chosen: Callable[..., Settings], values: dict[str, Any], words: tuple[str, ...], verdict: Verdict
) -> None:
    if "easy to guess" in words:
        values = {**values, "smtp_url": "smtp://localhost"}
    if words == ("PARLOUR_SMTP_URL",):
        settings = chosen(**values)
        assert_fault(await says(MailCheck(settings, port=8000, send_to=None)), *words, verdict=verdict)
        return
    assert_fault(await says(SettingsCheck(chosen(**values), port=8000)), *words, verdict=verdict)


class FaultyCheck:
    """Fails as no check is meant to."""

    name = "faulty"

    async def run(self) -> list[Finding]:
        raise LookupError("north wind")


async def test_what_nobody_foresaw_hides_no_other_finding(chosen: Callable[..., Settings]) -> None:
    findings = await run_checks([FaultyCheck(), SettingsCheck(chosen(), port=8000)])
    assert_fault(findings, "itself has failed", "LookupError")
    assert_fault(findings, "nobody else can come", verdict=Verdict.WARNING)


async def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    assert_fault(await says(FilesCheck(settings)), "PARLOUR_DATA_DIR")


# ------------------------------------------------------------------------------------ database, Redis, mail


async def test_databases(chosen: Callable[..., Settings], databases: Databases, tmp_path: Path) -> None:
    nobody = f"postgresql://ann:sw0rdfish@127.0.0.1:{NOBODY}/parlour"
    findings = await says(DatabaseCheck(chosen(database_url=nobody)))
    assert_fault(findings, "does not answer", "PARLOUR_DATABASE_URL")
    assert "sw0rdfish" not in str(findings)
    assert_fault(
        await says(DatabaseCheck(chosen())), "no tables yet", "parlour migrate", verdict=Verdict.WARNING
    )
    (tmp_path / "text").write_text("no database, and long enough to be read as one\n" * 99)
    broken = chosen(database_url=f"sqlite:///{tmp_path / 'text'}")
    assert_fault(await says(DatabaseCheck(broken)), "PARLOUR_DATABASE_URL")
    url = await databases.create_migrated("postgres", tmp_path / "unused")
    settings = chosen(database_url=url)
    assert_well(await says(DatabaseCheck(settings)), "PostgreSQL")
    await _revise(settings, "0001")
    assert_fault(await says(DatabaseCheck(settings)), "older version", "backup", verdict=Verdict.WARNING)
    await _revise(settings, "9999")
    assert_fault(await says(DatabaseCheck(settings)), "newer version", "Update Parlour")


async def test_servers_that_may_open_more_connections_than_there_are(
    chosen: Callable[..., Settings], databases: Databases, redis: RedisServer, tmp_path: Path
) -> None:
    url = await databases.create_migrated("postgres", tmp_path / "unused")
    settings = chosen(database_url=url, redis_url=redis.url)
    assert_well(await says(DatabaseCheck(settings)), "PostgreSQL")
    async with AsyncExitStack() as cluster:
        for number in range(15):
            about = NodeDescription(host=f"machine-{number}")
            await cluster.enter_async_context(registered(settings, redis, about))
        findings = await says(DatabaseCheck(settings))
    assert_fault(findings, "15 servers may open 300", "max_connections", verdict=Verdict.WARNING)


@asynccontextmanager
async def registered(
    settings: Settings, redis: RedisServer, description: NodeDescription
) -> AsyncIterator[None]:
    """Be a server of the cluster, which holds nothing."""
    coordinator = RedisCoordinator(
        new_node_id(), redis.url, secret=cluster_secret(settings), description=description
    )
    begun = asyncio.Event()

    class Watcher:
        def lease_begun(self, lease: Lease) -> None:
            begun.set()

        def lease_lost(self) -> None: ...

        def node_joined(self, lease: Lease) -> None: ...

        def node_left(self, lease: Lease) -> None: ...

        def messages_lost(self, sender: LeaseId) -> None: ...

        def received(self, sender: LeaseId, message: bytes) -> None: ...

    coordinator.listen(Watcher())
    running = asyncio.create_task(coordinator.run())
    try:
        async with asyncio.timeout(60):
            await begun.wait()
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await coordinator.leave()
        await coordinator.aclose()


async def _revise(settings: Settings, revision: str) -> None:
    from sqlalchemy import text

    from parlour.db.database import Database

    database = Database(settings.database())
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    await database.close()


async def test_redis(chosen: Callable[..., Settings], redis: RedisServer) -> None:
    assert_well(await says(RedisCheck(chosen(redis_url=redis.url))), "answers")
    wrong = redis.url.replace(redis.password, "another")
    assert_fault(await says(RedisCheck(chosen(redis_url=wrong))), "refuses", "PARLOUR_REDIS_URL")
    gone = f"redis://127.0.0.1:{NOBODY}/0"
    assert_fault(await says(RedisCheck(chosen(redis_url=gone))), "does not answer", "PARLOUR_REDIS_URL")
    (nothing,) = await says(RedisCheck(chosen()))
    assert nothing.verdict is Verdict.SKIPPED


async def test_mail(chosen: Callable[..., Settings], smtp_server: StartSmtpServer) -> None:
    def check(url: str, send_to: str | None = None, sender: str = "Parlour <parlour@example.org>") -> Check:
        return MailCheck(chosen(smtp_url=url, mail_from=sender), port=8000, send_to=send_to)

    open_server = await smtp_server()
    assert_well(await says(check(open_server.url, "bob@example.org")), "answers", "SPF")
    assert_fault(
        await says(check(open_server.url, sender="Parlour <parlour@localhost>")),
        "PARLOUR_MAIL_FROM",
        verdict=Verdict.WARNING,
    )
    open_server.refuse("550 no")
    assert_fault(await says(check(open_server.url, "bob@example.org")), "does not take", "bob@example.org")
    open_server.accept()
    open_server.refuse("550 who?", at="EHLO")
    assert_fault(await says(check(open_server.url)), "PARLOUR_SMTP_EHLO")
    assert_fault(await says(check(f"smtp://localhost:{NOBODY}")), "cannot be reached", "firewall")
    assert_fault(await says(check(open_server.url.replace("smtp:", "smtps:"))), "TLS", "smtps://")
    with_login = await smtp_server(login=("ann", "sw0rdfish"))
    wrong = with_login.url.replace("sw0rdfish", "guess")
    assert_fault(await says(check(wrong)), "refuses the login", "PARLOUR_SMTP_URL")
    untrusted = await smtp_server("tls")
    assert_fault(await says(check(untrusted.url)), "certificate")
    (local,) = await says(MailCheck(chosen(), port=8000, send_to=None))
    assert (local.verdict, "/dev/mail" in local.says) == (Verdict.WARNING, True)


SENDER = "meet.parlour.dev"
GOOD: Records = {
    (SENDER, "MX"): ["10 mail.parlour.dev."],
    (SENDER, "TXT"): ['"another one"', '"v=spf1 " "mx -all"'],
    (f"one._domainkey.{SENDER}", "TXT"): ['"v=DKIM1; p=abc"'],
    ("_dmarc.parlour.dev", "TXT"): ['"v=DMARC1; p=none"'],
}


async def records_say(chosen: Callable[..., Settings], changed: Records) -> list[Finding]:
    settings = chosen(smtp_url="smtp://localhost", mail_from=f"Parlour <parlour@{SENDER}>")
    kept = {name: texts for name, texts in {**GOOD, **changed}.items() if texts}
    async with dns_server(kept) as resolver:
        return await says(MailRecordsCheck(settings, resolver=resolver))


async def test_mail_records(chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    assert_well(await records_say(chosen, {}), "v=spf1 mx -all", "DKIM keys", "DMARC", "takes mail")
    spf, warning = (SENDER, "TXT"), Verdict.WARNING
    for changed, words in (
        ({spf: []}, ("no SPF record", "v=spf1 mx -all")),
        ({spf: ['"v=spf1 -all"', '"v=spf1 mx"']}, ("2 SPF records", "one TXT record")),
        ({spf: ['"v=spf1 +all"']}, ("every server", "-all")),
        ({(f"one._domainkey.{SENDER}", "TXT"): []}, ("no DKIM keys", "_domainkey")),
        ({("_dmarc.parlour.dev", "TXT"): []}, ("no DMARC policy", f"_dmarc.{SENDER}")),
        ({(SENDER, "MX"): []}, ("no MX record", "Add an MX")),
        (dict.fromkeys(GOOD, ()), ("does not exist", "PARLOUR_MAIL_FROM")),
    ):
        assert_fault(await records_say(chosen, changed), *words, verdict=warning)
    for sender in ("ann@example.org", "ann@localhost", "ann@office.local"):
        (skipped,) = await says(MailRecordsCheck(chosen(smtp_url="smtp://localhost", mail_from=sender)))
        assert (skipped.verdict, "public DNS" in skipped.says) == (Verdict.SKIPPED, True)
    monkeypatch.setattr("parlour.doctor.mail_records.ANSWER_SECONDS", 0.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        async with dns_server({}) as resolver:
            resolver.port = silent.getsockname()[1]
            settings = chosen(smtp_url="smtp://localhost", mail_from=f"ann@{SENDER}")
            (unknown,) = await says(MailRecordsCheck(settings, resolver=resolver))
    assert (unknown.verdict, "does not answer" in unknown.says) == (Verdict.SKIPPED, True)


# ------------------------------------------------------------------------------------------ the public URL


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that says the same to everybody; yields its port."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_public_url_that_does_not_answer(chosen: Callable[..., Settings], tmp_path: Path) -> None:
    def check(url: str) -> Check:
        return PublicUrlCheck(chosen(public_url=url), port=8000)

    assert_fault(await says(check(f"http://localhost:{NOBODY}")), "does not answer", "reverse proxy")
    unknown = ".".join(["nowhere" * 8] * 6)  # too long a name for the DNS, so no packet is waited for
    assert_fault(await says(check(f"https://{unknown}.invalid")), "not known", "DNS")
    assert_fault(await says(PortCheck(port=NOBODY)), "nothing that is Parlour", "--port")
    for answer, words in (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ("something else",)),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ("cannot reach Parlour", "502")),
        (b"nonsense\r\n\r\n", ("does not answer",)),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000, ("does not answer",)),
    ):
        async with answering(answer) as port:
            assert_fault(await says(check(f"http://localhost:{port}")), *words)
            assert_fault(await says(PortCheck(port=port)), "nothing that is Parlour")
            assert_fault(await says(check(f"https://localhost:{port}")), "no TLS", "Turn on TLS")


async def test_certificates(chosen: Callable[..., Settings], tmp_path: Path) -> None:
    for lifetime, words, verdict in (
        (timedelta(days=3), ("ends on", "Renew"), Verdict.WARNING),
        (timedelta(days=-1), ("expired", "certificate"), Verdict.FAILED),
    ):
        self_signed(tmp_path / "site.pem", tmp_path / "site.key", lifetime=lifetime)
        public = free_port()
        check = PublicUrlCheck(chosen(public_url=f"https://localhost:{public}"), port=NOBODY)
        async with nginx_with_tls(tmp_path, public, NOBODY):
            untrusted = await says(check)
            context = ssl.create_default_context(cafile=str(tmp_path / "site.pem"))
            check._site = Site(check._site.parts, context)
            findings = await says(check)
        assert_fault(untrusted, "certificate", "Let's Encrypt")
        assert_fault(findings, *words, verdict=verdict)


PASSES_ON = "proxy_http_version 1.1; proxy_set_header Host $host; "
UPGRADES = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; '


@pytest.mark.database("sqlite")
async def test_proxies_that_pass_on_too_little_or_too_much(
    chosen: Callable[..., Settings], fresh_server: StartServer, tmp_path: Path
) -> None:
    public = free_port()
    url = f"http://localhost:{public}"
    trusting = {"PARLOUR_PUBLIC_URL": url, "PARLOUR_TRUSTED_PROXIES": "127.0.0.1"}
    server = await fresh_server(trusting)
    upstream = server.address
    settings = chosen(public_url=url, trusted_proxies=("127.0.0.1",))

    async def through(directives: str, settings: Settings = settings) -> list[Finding]:
        listen = (
            f"}} }} server {{ listen 127.0.0.1:{public}; location / {{ proxy_pass {upstream}; {directives}"
        )
        async with nginx(tmp_path, upstream, f"{directives} {listen}"):
            return await says(PublicUrlCheck(settings, port=8000))

    assert_well(await through(NGINX_AS_DOCUMENTED), "comes from 127.0.0.2", "WebSocket opens")
    assert_fault(
        await through(PASSES_ON + "proxy_set_header X-Forwarded-For $remote_addr;"), "WebSocket", "Upgrade"
    )
    assert_fault(await through(PASSES_ON + UPGRADES), "any address", "PARLOUR_PROXY_HEADER")
    all_trusted = chosen(public_url=url, trusted_proxies=("127.0.0.0/8",))
    assert_fault(
        await through(PASSES_ON + UPGRADES, all_trusted),
        "cannot be told from here",
        "127.0.0.2",
        verdict=Verdict.WARNING,
    )
    hidden = 'proxy_set_header X-Forwarded-For ""; proxy_set_header Forwarded "";'
    assert_fault(
        await through(PASSES_ON + UPGRADES + hidden),
        "everybody for 127.0.0.1",
        "X-Forwarded-For",
        verdict=Verdict.WARNING,
    )


# ---------------------------------------------------------------------------------------------- STUN and TURN


@pytest.fixture
async def relay(tmp_path: Path, chosen: Callable[..., Settings]) -> AsyncIterator[Callable[..., IcePlan]]:
    """A TURN server; `relay(url, secret=…)` is a plan that names it."""
    values = turn_settings(tmp_path, "parlour").items()
    settings = chosen(**{name.removeprefix("PARLOUR_").lower(): value for name, value in values})
    embedded = Options(settings, 8000).embedded_turn()
    assert embedded is not None
    program = find_program("parlour", embedded.media_folder)
    running = asyncio.create_task(TurnServer(program, embedded.options, tmp_path / "turn").run())
    port, tls_port = embedded.options.port, embedded.options.tls_port
    await answers(IceUri(True, "127.0.0.1", port, "udp"))

    def plan(*urls: str, secret: str | None = SECRET, stun: tuple[str, ...] = ()) -> IcePlan:
        def written(url: str) -> str:
            return url.format(port=port, tls_port=tls_port)

        turn = tuple(map(written, urls))
        return IcePlan(stun_urls=tuple(map(written, stun)), turn_urls=turn, turn_secret=secret)

    yield plan
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_relays(relay: Callable[..., IcePlan], monkeypatch: pytest.MonkeyPatch) -> None:
    udp, tcp, tls = (
        "turn:127.0.0.1:{port}",
        "turn:127.0.0.1:{port}?transport=tcp",
        "turns:127.0.0.1:{tls_port}",
    )
    both = await says(RelayCheck(relay(udp, tcp)))
    assert_well(both, "relays over UDP", "relays over TCP")
    alone = await says(RelayCheck(relay(udp)))
    assert_fault(alone, "UDP alone", "transport=tcp", verdict=Verdict.WARNING)
    assert_fault(await says(RelayCheck(relay(tcp, secret="another"))), "refuses", "PARLOUR_TURN_SECRET")
    assert_fault(await says(RelayCheck(relay(tls))), "certificate", "PARLOUR_TURN_CERT")
    assert_fault(await says(RelayCheck(relay(tcp, secret=None))), "no credentials", verdict=Verdict.WARNING)
    nothing = await says(RelayCheck(relay()))
    assert_fault(nothing, "no TURN server", "--turn", verdict=Verdict.WARNING)
    assert_fault(await says(RelayCheck(relay("http://example.org"))), "no URI", "Write it like")
    gone = await says(RelayCheck(relay(f"turn:127.0.0.1:{NOBODY}?transport=tcp")))
    assert_fault(gone, "does not answer", f"TCP port {NOBODY}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"stun:127.0.0.1:{silent.getsockname()[1]}"
        with monkeypatch.context() as hurry:
            hurry.setattr("parlour.doctor.relays.WITHIN_SECONDS", 1.0)
            hurry.setattr("parlour.doctor.findings.CHECK_SECONDS", 5.0)
            waited = await says(RelayCheck(relay(tcp, stun=(url,) * 6)))
        assert [url in finding.says for finding in waited[:6]] == [True] * 6, "each had its time"
        assert_fault(await says(RelayCheck(relay("turn:turn..example.org"))), "names no host", "Correct")
    with_stun = await says(RelayCheck(relay(tcp, stun=("stun:127.0.0.1:{port}",))))
    assert_well(with_stun, "sees this machine as 127.0.0.1")


async def test_a_turn_server_that_cannot_be_run(chosen: Callable[..., Settings], tmp_path: Path) -> None:
    options = Options(chosen(turn="embedded", turn_server="parlour", media_dir=tmp_path), 8000)
    check = RelayCheck(IcePlan(stun_urls=(), turn_urls=(), turn_secret=None), options.embedded_turn())
    assert_fault(await says(check), "no TURN server is installed", "parlour media install")
    shutil.copy(await program_of_version(CONFIGURATION_VERSION - 1), tmp_path / PROGRAM)
    assert_fault(await says(check), "another version of Parlour", "parlour media install", "again")


async def test_a_certificate_that_is_not_there_yet(chosen: Callable[..., Settings]) -> None:
    options = Options(chosen(turn="embedded", domain="meet.example.org"), 8000)
    check = RelayCheck(IcePlan(stun_urls=(), turn_urls=(), turn_secret=None), options.embedded_turn())
    assert_fault(await says(check), "no TLS", "certificate.pem", "PARLOUR_DOMAIN", "caddy.warned")


# ------------------------------------------------------------------------------------------ recordings

_SFU = {"livekit_url": "wss://sfu.example.org", "livekit_key": "key", "livekit_secret": "s" * 40}


def recordings_of(settings: Settings, *, runs: bool = True) -> RecordingsCheck:
    """`runs`: as where the packages of the recorder are there."""
    found = Options(settings, 8000).recordings()
    limits = replace(found.limits, refused=None) if runs else found.limits
    return RecordingsCheck(replace(found, limits=limits, runs=runs))


async def test_recordings_in_order(chosen: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "s3").mkdir()
    async with S3Server(tmp_path / "s3") as s3:
        settings = chosen(**_SFU, s3_bucket=BUCKET, s3_endpoint=s3.endpoint, s3_key=KEY, s3_secret=S3_SECRET)
        assert_well(
            await says(recordings_of(settings)), "GB are left", f"the bucket {BUCKET} at {s3.endpoint}"
        )
        assert s3.objects() == {}


async def test_recordings_that_nobody_makes(chosen: Callable[..., Settings]) -> None:
    assert await says(recordings_of(chosen(), runs=False)) == []
    findings = await says(recordings_of(chosen(**_SFU), runs=False))
    assert_fault(findings, "not installed", "parlour[recording]", verdict=Verdict.WARNING)


async def test_a_folder_of_recordings_that_cannot_be_used(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings = chosen(**_SFU, recording_dir=tmp_path / "file")
    assert_fault(await says(recordings_of(settings)), "cannot be used", "PARLOUR_RECORDING_DIR")


async def test_a_disk_that_is_too_full_for_recordings(
    chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=500 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    findings = await says(recordings_of(chosen(**_SFU)))
    assert_fault(findings, "only 500 MB are left", verdict=Verdict.WARNING)


async def test_a_bucket_that_cannot_be_used(chosen: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "s3").mkdir()
    async with S3Server(tmp_path / "s3") as s3:
        settings = chosen(**_SFU, s3_bucket=BUCKET, s3_endpoint=s3.endpoint, s3_key=KEY, s3_secret="wrong")
        findings = await says(recordings_of(settings))
        assert_fault(findings, BUCKET, "SignatureDoesNotMatch", "PARLOUR_S3_ENDPOINT")
        await s3.stop()
        assert_fault(await says(recordings_of(settings)), "S3 does not answer")


async def test_a_bucket_without_the_package(
    chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parlour.doctor.recordings.has_s3", lambda: False)
    findings = await says(recordings_of(chosen(**_SFU, s3_bucket=BUCKET)))
    assert_fault(findings, "not installed", "parlour[s3]")
