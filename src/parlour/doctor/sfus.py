"""Checks of SFUs: each answers, takes the key, opens a room and lets a person in."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from parlour.companions import ProgramUnusable
from parlour.doctor.findings import Finding, Report
from parlour.http.tunnel.asking import NoAnswer, ask
from parlour.http.tunnel.requests import Query
from parlour.sfu.assembly import EmbeddedSfu
from parlour.sfu.options import SfuAccess
from parlour.sfu.server import find_livekit
from parlour.sfu.sfus import Sfu
from parlour.sfu.tokens import SfuVisitor
from parlour.sfu_link import SfuRights, SfuUnavailable
from parlour.wire.base import is_loopback
from parlour.wire.signaling import PeerId

PERSON = PeerId("doctor")


class SfuCheck:
    """The SFU beside Parlour can be run, and each that calls may use works."""

    name = "SFU"

    def __init__(self, accesses: Sequence[SfuAccess], embedded: EmbeddedSfu | None = None) -> None:
        self._accesses = accesses
        self._embedded = embedded

    async def run(self) -> list[Finding]:
        report, embedded = Report(self.name), self._embedded
        if embedded is not None:
            try:
                program = await asyncio.to_thread(find_livekit, embedded.media_folder)
            except ProgramUnusable as unusable:
                report.fail(f"{unusable.says}.", f"{unusable.todo[:1].upper()}{unusable.todo[1:]}.")
            else:
                report.ok(f"{program} runs beside Parlour.")
        reports = [Report(self.name) for _ in self._accesses]
        async with asyncio.TaskGroup() as checking:
            for own, access in zip(reports, self._accesses, strict=True):
                checking.create_task(_check(own, Sfu(access)))
        for own in reports:
            report.findings += own.findings
        return report.findings


async def _check(report: Report, sfu: Sfu) -> None:
    url = sfu.access.url
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        report.warn(
            f"{url} is reached without TLS, so the network between may read who is in which call.",
            "Use its https:// or wss:// address, or one of a network that nobody else is in.",
        )
    room = f"doctor-{secrets.token_hex(8)}"
    try:
        await sfu.service.open_room(room)
        await _enter(report, sfu, room)
        await sfu.service.close_room(room)
    except SfuUnavailable as unavailable:
        if str(HTTPStatus.UNAUTHORIZED.value) in str(unavailable):
            report.fail(
                f"{url} refuses Parlour's key ({unavailable}).",
                "Give both the same PARLOUR_LIVEKIT_KEY and PARLOUR_LIVEKIT_SECRET, and the right time to "
                "both machines.",
            )
        else:
            report.fail(
                f"{url} does not answer ({unavailable}).",
                "Start LiveKit there (with parlour serve --sfu, start Parlour), and open its port in the "
                "firewall.",
            )
    finally:
        await sfu.service.close()


async def _enter(report: Report, sfu: Sfu, room: str) -> None:
    """Ask whether a person could enter, as their client would."""
    token = sfu.tokens.sign(SfuVisitor(room, PERSON), SfuRights(), time.time())
    try:
        status, words = await ask(sfu.target, b"rtc/validate", Query(b"", token.text.encode()))
    except NoAnswer as error:
        report.fail(f"{sfu.access.url} does not answer people ({error}).", "See LiveKit's log.")
        return
    if status == HTTPStatus.OK:
        report.ok(f"{sfu.access.url} answers, opens rooms and lets people in.")
    else:
        said = words.decode("ascii", "replace")
        report.fail(f"{sfu.access.url} lets nobody in ({status}: {said}).", "See LiveKit's log.")
