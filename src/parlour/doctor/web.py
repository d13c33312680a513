"""Checks of the public URL: certificate, proxy, WebSocket; and of the port behind it."""

import asyncio
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from parlour import __version__
from parlour.doctor.findings import Finding, Report
from parlour.doctor.http_probe import Answer, Connection, Site, connected, upgrade_headers
from parlour.settings import Settings

SOON = timedelta(days=14)
FRAME_SECONDS = 10.0
_CLAIMED = "192.0.2.77"
"""An address of documentation (RFC 5737), which nobody has: who believes it believes any client."""
_WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
_NGINX = (
    "Let the proxy pass on upgrades (in nginx: proxy_http_version 1.1, and the headers Upgrade and "
    "Connection); deploy/nginx.conf has the lines."
)
_NO_HTTP = (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError)


class PortCheck:
    """Parlour itself listens where the proxy expects it, and is of this version."""

    name = "server"

    def __init__(self, *, port: int, is_secure: bool = False) -> None:
        """`is_secure` is True where Parlour itself speaks https there."""
        self._port = port
        scheme = "https" if is_secure else "http"
        # The certificate is for another name; `PublicUrlCheck` looks at it.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        self._site = Site(urlsplit(f"{scheme}://127.0.0.1:{port}"), tls)

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        try:
            async with connected(self._site) as connection:
                answer = await connection.ask("/config")
            version = str(json.loads(answer.body)["version"])
        except (*_NO_HTTP, KeyError, TypeError):
            report.fail(
                f"nothing that is Parlour answers on port {self._port} of this machine.",
                "Start it (parlour serve), or name its port: parlour doctor --port ….",
            )
            return report.findings
        if version == __version__:
            report.ok(f"Parlour {version} answers on port {self._port}.")
        else:
            report.warn(
                f"Parlour {version} is running, but {__version__} is installed.",
                "Restart it to use the new one.",
            )
        return report.findings


class PublicUrlCheck:
    """People reach Parlour at the public URL, with all that a proxy in front must pass on."""

    name = "public URL"

    def __init__(self, settings: Settings, *, port: int) -> None:
        self._settings = settings
        self._url = settings.url(port=port)
        self._site = Site(urlsplit(self._url))

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        try:
            async with connected(self._site) as connection:
                self._check_certificate(report, connection)
                answer = await connection.ask("/config")
        except ssl.SSLError as error:
            self._say_tls(report, error)
        except socket.gaierror:
            report.fail(
                f"the name {self._site.host} is not known here.",
                "Add it to the DNS (A and AAAA records with this server's addresses), or correct "
                "PARLOUR_PUBLIC_URL.",
            )
        except _NO_HTTP as error:
            report.fail(
                f"{self._url} does not answer ({type(error).__name__}).",
                f"Start the reverse proxy, open port {self._site.port} in the firewall, or correct "
                "PARLOUR_PUBLIC_URL.",
            )
        else:
            await self._look_at(report, answer)
        return report.findings

    async def _look_at(self, report: Report, answer: Answer) -> None:
        try:
            is_ours = json.loads(answer.body).get("public_url") == self._url
        except (ValueError, AttributeError):
            is_ours = False
        if answer.status in (502, 503, 504):
            report.fail(
                f"the proxy answers, but cannot reach Parlour ({answer.status}).",
                "Start Parlour, or correct the address that the proxy passes requests on to.",
            )
        elif answer.status != 200 or not is_ours:
            report.fail(
                f"something else answers at {self._url} (status {answer.status}).",
                "Correct PARLOUR_PUBLIC_URL, or let the proxy pass it on to Parlour, path included.",
            )
        else:
            report.ok(f"{self._url} answers.")
            await self._check_addresses(report)
            await self._check_websocket(report)

    def _check_certificate(self, report: Report, connection: Connection) -> None:
        until = connection.certificate.get("notAfter")
        if not isinstance(until, str):
            return
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
        left = ends - datetime.now(UTC)
        if left < SOON:
            report.warn(
                f"its certificate ends on {ends:%Y-%m-%d}, in {left.days} days.",
                "Renew it now, and see why it was not renewed by itself (certbot renew, or the proxy's log).",
            )
        else:
            report.ok(f"its certificate is valid until {ends:%Y-%m-%d}.")

    def _say_tls(self, report: Report, error: ssl.SSLError) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            says = f"browsers will not accept its certificate: {error.verify_message}."
            todo = (
                "Get a certificate for this name (Let's Encrypt), install it with all intermediate ones, and "
                "reload the proxy."
            )
        else:
            says = f"it speaks no TLS on port {self._site.port} ({error.reason})."
            todo = "Turn on TLS at the proxy, or correct the port in PARLOUR_PUBLIC_URL."
        report.fail(says, todo)

    async def _check_addresses(self, report: Report) -> None:
        """Ask which client Parlour sees, also while claiming to be another one."""
        try:
            seen, own = await self._address_seen({})
            claims = ({"X-Forwarded-For": _CLAIMED}, {"Forwarded": f"for={_CLAIMED}"})
            believed = [(await self._address_seen(claim))[0] == _CLAIMED for claim in claims]
            sees_the_proxy = seen != own and (ip_address(seen).is_loopback or self._is_trusted(seen))
            is_taken_for_a_proxy = self._is_trusted(own)
        except (*_NO_HTTP, KeyError, TypeError):
            report.warn("it does not say which client it sees.", "Update the Parlour that is running.")
            return
        if any(believed) and is_taken_for_a_proxy:
            report.warn(
                f"whether anyone can claim any address cannot be told from here: {own} counts as a proxy.",
                "Set PARLOUR_TRUSTED_PROXIES to the proxy alone. If that is this very address, ask from "
                f"another machine: /client-address must not answer {_CLAIMED} to a request that has "
                f"X-Forwarded-For: {_CLAIMED} in its head.",
            )
        elif any(believed):
            report.fail(
                "anyone can claim any address, and so pass every limit by address.",
                "Let the proxy write X-Forwarded-For itself, and set PARLOUR_TRUSTED_PROXIES to the proxy "
                "alone, and PARLOUR_PROXY_HEADER to the header that it sets.",
            )
        elif sees_the_proxy:
            report.warn(
                f"Parlour takes everybody for {seen}, its proxy, so limits count them as one.",
                f"Let the proxy send X-Forwarded-For, and set PARLOUR_TRUSTED_PROXIES={seen}.",
            )
        else:
            report.ok(f"Parlour sees who its clients are (this one comes from {seen}).")

    async def _address_seen(self, claim: dict[str, str]) -> tuple[str, str]:
        """Return the address that Parlour sees, and the one that the request came from."""
        async with connected(self._site) as connection:
            answer = await connection.ask("/client-address", {"Connection": "close", **claim})
            return str(json.loads(answer.body)["address"]), connection.own_address

    def _is_trusted(self, address: str) -> bool:
        found = ip_address(address)
        return any(found in ip_network(network) for network in self._settings.trusted_proxies)

    async def _check_websocket(self, report: Report) -> None:
        """Upgrade, then wait for the first frame: a proxy that buffers keeps it back."""
        parts = self._site.parts
        try:
            async with connected(self._site) as connection:
                answer = await connection.ask(_WEBSOCKET, upgrade_headers(f"{parts.scheme}://{parts.netloc}"))
                if answer.status != 101:
                    report.fail(
                        f"the proxy passes on no WebSocket (status {answer.status}), so calls start slowly.",
                        _NGINX,
                    )
                    return
                async with asyncio.timeout(FRAME_SECONDS):
                    await connection.reader.readexactly(2)
        except TimeoutError:
            report.fail(
                "the proxy keeps back what the server sends over a WebSocket.",
                "Turn off buffering for /socket.io (in nginx: proxy_buffering off).",
            )
        except _NO_HTTP as error:
            report.fail(f"a WebSocket breaks at once ({type(error).__name__}).", _NGINX)
        else:
            report.ok("a WebSocket opens, and its first message arrives.")
