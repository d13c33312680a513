"""Checks of STUN and TURN: they answer, take real credentials, and relay a packet."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

from parlour.calls.ice import IcePlan, turn_credential
from parlour.companions import ProgramUnusable
from parlour.doctor.findings import Finding, Report
from parlour.turn.assembly import EmbeddedTurn
from parlour.turn.client import NoAnswer, TurnClient, TurnRefusal, turn_client
from parlour.turn.server import certificate_fault, usable_program
from parlour.turn.stun import MalformedStun, TransportAddress
from parlour.turn.uri import IceUri, parsed

PERSON = "doctor"
PACKET = b"parlour doctor"
WITHIN_SECONDS = 4.0
TRIES = 3
_TRANSPORTS = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}


class RelayCheck:
    """The TURN server beside Parlour can be run, and each URI that browsers are given works."""

    name = "STUN and TURN"

    def __init__(self, plan: IcePlan, embedded: EmbeddedTurn | None = None) -> None:
        self._plan = plan
        self._embedded = embedded

    async def run(self) -> list[Finding]:
        report, plan, embedded = Report(self.name), self._plan, self._embedded
        if embedded is not None:
            try:
                program = await asyncio.to_thread(usable_program, embedded.kind, embedded.media_folder)
            except ProgramUnusable as unusable:
                report.fail(f"{unusable.says}.", f"{unusable.todo[:1].upper()}{unusable.todo[1:]}.")
            else:
                report.ok(f"{program.path} runs beside Parlour.")
        if not plan.turn_urls:
            report.warn(
                "there is no TURN server, so people behind strict firewalls and some routers see nobody.",
                "Run one with parlour serve --turn, or set PARLOUR_TURN_URLS and PARLOUR_TURN_SECRET.",
            )
        elif plan.turn_secret is None:
            report.warn(
                "PARLOUR_TURN_SECRET is not set, so browsers get no credentials, which TURN servers ask for.",
                "Set it to the static-auth-secret of coturn.",
            )
        self._say_missing_certificate(report)
        urls = (*plan.stun_urls, *plan.turn_urls)
        reports = [Report(self.name) for _ in urls]
        async with (
            asyncio.TaskGroup() as checking
        ):  # at once: where a firewall drops all, each takes its time
            for number, (own, url) in enumerate(zip(reports, urls, strict=True)):
                checking.create_task(self._check(own, url, f"{PERSON}-{number}"))
        for own in reports:
            report.findings += own.findings
        if plan.turn_urls and not any(_is_tcp(url) for url in plan.turn_urls):
            report.warn(
                "TURN is offered over UDP alone, which some networks block.",
                "Add the same URI with ?transport=tcp, and a turns: one, to PARLOUR_TURN_URLS.",
            )
        return report.findings

    def _say_missing_certificate(self, report: Report) -> None:
        certificate = self._embedded and self._embedded.options.certificate
        fault = certificate and certificate_fault(certificate)
        if fault:
            report.fail(
                f"the TURN server beside Parlour has no certificate, and so no TLS: {fault}.",
                "If it is that of PARLOUR_DOMAIN, wait for it: caddy.warned in Parlour's log says what keeps "
                "Caddy from getting it. If not, correct PARLOUR_TURN_CERT and _KEY, or PARLOUR_TLS_CERT and "
                "_KEY.",
            )

    async def _check(self, report: Report, url: str, person: str) -> None:
        try:
            uri = parsed(url)
        except ValueError as error:
            report.fail(
                f"{error}.", "Write it like stun:turn.example.org:3478 or turns:turn.example.org:5349."
            )
            return
        try:
            if uri.relays and self._plan.turn_secret is not None:
                await self._relay(report, url, uri, (self._plan.turn_secret, person))
            else:
                async with turn_client(uri, within=WITHIN_SECONDS) as client:
                    report.ok(f"{url} answers, and sees this machine as {await client.bind()}.")
        except NoAnswer as error:
            port = f"{'UDP' if uri.transport == 'udp' else 'TCP'} port {uri.port}"
            report.fail(
                f"{url} does not answer ({error}).",
                f"Start the server there, and open {port} of {uri.host} in its firewall.",
            )
        except ssl.SSLError as error:
            report.fail(
                f"{url}: browsers will not accept its certificate "
                f"({getattr(error, 'verify_message', None) or error.reason}).",
                "Give the TURN server a valid certificate for that name (PARLOUR_TURN_CERT and _KEY).",
            )
        except UnicodeError:
            report.fail(
                f"{url} names no host.", "Correct the host of the URI: it has an empty part, or a long one."
            )
        except TurnRefusal as refusal:
            _say_refusal(report, url, refusal)
        except MalformedStun as error:
            report.fail(
                f"what answers at {url} is no such server ({error}).", "Correct host and port of the URI."
            )

    async def _relay(self, report: Report, url: str, uri: IceUri, account: tuple[str, str]) -> None:
        """Allocate twice, and send a packet from one relay to the other, as two people who both need one.

        `account` is the secret and a person whom no other check uses, since each has a quota.
        """
        until = datetime.now(UTC) + timedelta(minutes=5)
        credential = turn_credential(*account, until)
        async with (
            turn_client(uri, within=WITHIN_SECONDS) as one,
            turn_client(uri, within=WITHIN_SECONDS) as other,
        ):
            ours, theirs = await one.allocate(*credential), await other.allocate(*credential)
            await one.permit(theirs.ip)
            await other.permit(ours.ip)
            arrived = await _sent(one, theirs, other)
            await one.release()
            await other.release()
        if arrived:
            report.ok(f"{url} relays over {_TRANSPORTS[uri.transport]} (its relays are at {ours.ip}).")
        else:
            report.fail(
                f"{url} takes the credentials, but a packet from one of its relays to another gets lost.",
                "Open the relay ports (PARLOUR_TURN_RELAY_PORTS, UDP) in the firewall; behind a NAT set "
                "PARLOUR_TURN_EXTERNAL_ADDRESS.",
            )


async def _sent(one: TurnClient, to: TransportAddress, other: TurnClient) -> bool:
    """Send the packet more than once, since any may get lost; return True if one arrives as it was."""
    for _ in range(TRIES):
        one.send(to, PACKET)
    try:
        _, packet = await other.receive()
    except NoAnswer:
        return False
    return packet == PACKET


def _say_refusal(report: Report, url: str, refusal: TurnRefusal) -> None:
    if refusal.code in (401, 431):
        report.fail(
            f"{url} refuses Parlour's credentials ({refusal}).",
            "Give both the same secret (PARLOUR_TURN_SECRET, static-auth-secret of coturn with "
            "use-auth-secret), and the right time to both machines.",
        )
    elif refusal.code == 403:
        report.fail(
            f"{url} lets no packets through to its own relays ({refusal}).",
            "Two people who both need a relay meet there: allow its own address (allowed-peer-ip of coturn).",
        )
    elif refusal.code in (486, 508):
        report.fail(
            f"{url} has no relay left ({refusal}).",
            "Raise the quota (PARLOUR_TURN_QUOTA) or the range of ports (PARLOUR_TURN_RELAY_PORTS).",
        )
    else:
        report.fail(f"{url} answers with an error ({refusal}).", "See the TURN server's log.")


def _is_tcp(url: str) -> bool:
    try:
        return parsed(url).transport != "udp"
    except ValueError:
        return False
