"""The configuration of Caddy (https://caddyserver.com): https for one domain, and Parlour behind it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CADDY_ADDRESS, CADDY_HEADER = "127.0.0.1", "x-forwarded-for"
"""The address that Caddy's requests come from, and the header in which it names the client."""
_INTERNAL = "internal"
_IDLE = "60s"
"""The time for which Caddy keeps idle connections to Parlour, which keeps them longer (`HttpLimits`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaddyOptions:
    """Options of Caddy: its domain, its ports, and who issues the certificate.

    `origin` is that of the public URL, to which http is redirected.
    `authority` is the directory of an ACME server, by default that of Let's Encrypt, or `internal`: an
    authority of Caddy's own, which browsers do not know. `root` is the certificate by which an ACME server
    of one's own is trusted. `trusted_proxies` stand before Caddy, which keeps what they say of a client's
    address.
    """

    domain: str
    origin: str
    http_port: int
    https_port: int
    upstream_port: int
    authority: str | None
    root: Path | None
    email: str | None
    trusted_proxies: tuple[str, ...]
    folder: Path
    programs: Path


def caddy_configuration(options: CaddyOptions) -> str:
    """Write `caddy.json`."""
    return json.dumps(
        {
            "admin": {"disabled": True, "config": {"persist": False}},
            "storage": {"module": "file_system", "root": str(storage_folder(options.folder))},
            # Failed requests are in Parlour's log already, and strangers could fill this one.
            "logging": {"logs": {"default": {"level": "INFO", "exclude": ["http.log", "http.handlers"]}}},
            "apps": {
                "http": {
                    "http_port": options.http_port,
                    "https_port": options.https_port,
                    "grace_period": "1s",
                    "servers": {"parlour": _server(options), "redirects": _redirects(options)},
                },
                "tls": {"automation": {"policies": [_policy(options)]}},
                **_authority(options),
            },
        },
        indent=2,
    )


def _server(options: CaddyOptions) -> Mapping[str, Any]:
    upstream = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"{CADDY_ADDRESS}:{options.upstream_port}"}],
        "transport": {"protocol": "http", "keep_alive": {"idle_timeout": _IDLE}},
    }
    if options.trusted_proxies:
        upstream["trusted_proxies"] = list(options.trusted_proxies)
    return {
        "listen": [f":{options.https_port}"],
        "protocols": ["h1", "h2"],  # UDP 443 stays free; WebSockets gain nothing from HTTP/3
        "routes": [{"match": [{"host": [options.domain]}], "terminal": True, "handle": [upstream]}],
        "automatic_https": {"disable_redirects": True},
    }


def _redirects(options: CaddyOptions) -> Mapping[str, Any]:
    """Return the server of port 80. Caddy's own redirects would not name the port of the public URL."""
    redirect = {
        "handler": "static_response",
        "status_code": 308,
        "headers": {"Location": [f"{options.origin}{{http.request.uri}}"]},
    }
    return {
        "listen": [f":{options.http_port}"],
        "routes": [{"match": [{"host": [options.domain]}], "terminal": True, "handle": [redirect]}],
        "automatic_https": {"disable": True},
    }


def _policy(options: CaddyOptions) -> Mapping[str, Any]:
    issuer: dict[str, Any] = {"module": "internal" if options.authority == _INTERNAL else "acme"}
    if options.authority not in (None, _INTERNAL):
        issuer["ca"] = options.authority
    if options.root is not None:
        issuer["trusted_roots_pem_files"] = [str(options.root)]
    if options.email is not None:
        issuer["email"] = options.email
    # Let's Encrypt has ended OCSP, and Caddy would warn of that with each certificate.
    return {"subjects": [options.domain], "issuers": [issuer], "disable_ocsp_stapling": True}


def _authority(options: CaddyOptions) -> Mapping[str, Any]:
    """Return Caddy's own authority, which stays out of the system's list of trusted ones."""
    if options.authority != _INTERNAL:
        return {}
    return {"pki": {"certificate_authorities": {"local": {"install_trust": False}}}}


def storage_folder(folder: Path) -> Path:
    """Return where Caddy keeps certificates and its account, below its own folder."""
    return folder / "storage"
