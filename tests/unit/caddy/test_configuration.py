"""What the settings say of Caddy, and what follows from a domain."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parlour.caddy.certificates import certificate_links, issued_certificate, lead_links_to_issued
from parlour.caddy.configuration import caddy_configuration
from parlour.options import Options
from parlour.settings import Settings, SettingsError, read_settings

Chosen = Callable[..., Options]
DOMAIN = "meet.example.org"


@pytest.fixture
def chosen(tmp_path: Path) -> Chosen:
    return lambda **values: Options(Settings(_env_file=None, data_dir=tmp_path, **values), 8123)


def configuration(options: Options) -> Any:
    caddy = options.caddy()
    assert caddy is not None
    return json.loads(caddy_configuration(caddy))


def test_without_a_domain_there_is_none(chosen: Chosen) -> None:
    assert chosen().caddy() is None
    assert chosen(public_url=f"https://{DOMAIN}").caddy() is None


def test_the_public_url_and_the_trust_follow_from_the_domain(chosen: Chosen) -> None:
    options = chosen(domain=DOMAIN)
    assert options.site().url == f"https://{DOMAIN}"
    assert options.headers()["Strict-Transport-Security"]
    assert options.settings.is_https(port=8123)
    lines = {"x-forwarded-for": ["203.0.113.6"], "forwarded": ["for=6.6.6.6"], "x-forwarded-proto": ["https"]}
    proxies = options.proxies()
    assert proxies.client_address("127.0.0.1", lambda name: lines.get(name, [])) == "203.0.113.6"
    assert proxies.client_address("203.0.113.9", lambda name: lines.get(name, [])) == "203.0.113.9"
    assert chosen(domain=DOMAIN, https_port=8443).site().url == f"https://{DOMAIN}:8443"
    below = chosen(domain=DOMAIN, public_url=f"https://{DOMAIN}/meet")
    assert (below.site().url, below.site().base_path) == (f"https://{DOMAIN}/meet", "/meet")
    below.settings.require_https(host="127.0.0.1", port=8123)


def test_caddy_serves_this_domain_alone(chosen: Chosen) -> None:
    written = configuration(chosen(domain=DOMAIN, trusted_proxies=("203.0.113.0/24",)))
    assert written["admin"]["disabled"] is True
    server = written["apps"]["http"]["servers"]["parlour"]
    (route,) = server["routes"]
    assert (server["listen"], route["match"]) == ([":443"], [{"host": [DOMAIN]}])
    (handler,) = route["handle"]
    assert handler["upstreams"] == [{"dial": "127.0.0.1:8123"}]
    assert handler["trusted_proxies"] == ["203.0.113.0/24"]
    assert written["apps"]["http"]["http_port"] == 80


def test_http_leads_to_the_public_url(chosen: Chosen) -> None:
    """A port that is led to another one is that of the public URL, and of no other setting."""
    options = chosen(domain=DOMAIN, public_url=f"https://{DOMAIN}/meet", https_port=8443, http_port=8080)
    servers = configuration(options)["apps"]["http"]["servers"]
    ((redirect,),) = [route["handle"] for route in servers["redirects"]["routes"]]
    assert redirect["headers"] == {"Location": [f"https://{DOMAIN}{{http.request.uri}}"]}
    assert [server["listen"] for server in servers.values()] == [[":8443"], [":8080"]]


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        ({}, {"module": "acme"}),
        ({"acme_email": "ann@example.org"}, {"module": "acme", "email": "ann@example.org"}),
        ({"acme_ca": "internal"}, {"module": "internal"}),
        ({"acme_ca": "https://ca.example/dir"}, {"module": "acme", "ca": "https://ca.example/dir"}),
    ],
    ids=["Let's Encrypt", "email", "internal", "another"],
)
def test_who_issues_the_certificate(chosen: Chosen, settings: dict[str, str], issuer: dict[str, str]) -> None:
    (policy,) = configuration(chosen(domain=DOMAIN, **settings))["apps"]["tls"]["automation"]["policies"]
    assert (policy["subjects"], policy["issuers"]) == ([DOMAIN], [issuer])


def test_the_doctor_hears_of_the_domain(chosen: Chosen) -> None:
    """It may stand in the options of `serve` alone, which the doctor's process does not get."""
    assert chosen(domain=DOMAIN).diagnosis().command.environment["PARLOUR_DOMAIN"] == DOMAIN


def test_turn_uses_the_certificate_of_the_web_pages(chosen: Chosen, tmp_path: Path) -> None:
    """Browsers are told of TURN over TLS before there is one: their page comes with the same certificate."""
    options = chosen(domain=DOMAIN, turn="embedded")
    assert options.turn_server is not None
    certificate = options.turn_server.certificate
    assert certificate is not None
    assert (certificate.chain, certificate.key) == certificate_links(tmp_path / "caddy")
    assert f"turns:{DOMAIN}:5349?transport=tcp" in options.ice().turn_urls
    elsewhere = chosen(domain=DOMAIN, turn="embedded", turn_host="turn.example.org").turn_server
    assert elsewhere is not None
    assert elsewhere.certificate is None


def test_links_lead_to_the_newest_certificate(tmp_path: Path) -> None:
    """Whoever has issued it, and also where the data folder has been moved."""
    folder = tmp_path / "caddy"
    lead_links_to_issued(folder, DOMAIN)
    assert not folder.exists()

    def issued(authority: str, *, at: float) -> tuple[Path, Path]:
        files = folder / "storage" / "certificates" / authority / DOMAIN
        files.mkdir(parents=True)
        chain, key = files / f"{DOMAIN}.crt", files / f"{DOMAIN}.key"
        chain.write_text(authority)
        os.utime(chain, (at, at))
        assert issued_certificate(folder, DOMAIN) != (chain, key), "without its key"
        key.touch()
        return chain, key

    for number, authority in enumerate(("staging.example-dir", "ca.example-dir")):
        files = issued(authority, at=number)
        lead_links_to_issued(folder, DOMAIN)
        assert tuple(link.resolve() for link in certificate_links(folder)) == files
    before = [link.lstat().st_ino for link in certificate_links(folder)]
    lead_links_to_issued(folder, DOMAIN)
    assert [link.lstat().st_ino for link in certificate_links(folder)] == before, "nothing is to be done"
    moved = folder.rename(tmp_path / "moved")
    assert certificate_links(moved)[0].read_text() == "ca.example-dir"


def test_turn_uses_the_files_of_https(chosen: Chosen, tmp_path: Path) -> None:
    """As they are named, links included, since a link is what leads to a renewed certificate."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for link in (chain, key):
        link.symlink_to(tmp_path / "elsewhere")
    options = chosen(tls_cert=chain, tls_key=key, public_url=f"https://{DOMAIN}", turn="embedded")
    assert options.turn_server is not None
    assert options.turn_server.certificate is not None
    assert (options.turn_server.certificate.chain, options.turn_server.certificate.key) == (chain, key)


@pytest.mark.parametrize(
    ("values", "host", "names"),
    [
        ({"domain": DOMAIN, "public_url": "https://other.example.org"}, "127.0.0.1", "PARLOUR_PUBLIC_URL"),
        ({"domain": DOMAIN, "public_url": f"http://{DOMAIN}"}, "127.0.0.1", "PARLOUR_PUBLIC_URL"),
        ({"domain": DOMAIN}, "0.0.0.0", "--host"),  # noqa: S104 - it is refused
        ({"domain": DOMAIN}, "::1", "--host"),
        ({"domain": DOMAIN, "tls_cert": "a", "tls_key": "b"}, "127.0.0.1", "PARLOUR_TLS_CERT"),
        ({"tls_key": "b"}, "127.0.0.1", "PARLOUR_TLS_CERT"),
    ],
)
def test_what_does_not_fit_together(chosen: Chosen, values: dict[str, str], host: str, names: str) -> None:
    with pytest.raises(SettingsError, match=names):
        chosen(**values).settings.require_https(host=host, port=8123)


@pytest.mark.parametrize(
    ("text", "domain"),
    [("Meet.Example.org", DOMAIN), ("bücher.example", "xn--bcher-kva.example"), ("localhost", "localhost")],
)
def test_names(monkeypatch: pytest.MonkeyPatch, text: str, domain: str) -> None:
    monkeypatch.setenv("PARLOUR_DOMAIN", text)
    assert read_settings().domain == domain


@pytest.mark.parametrize(
    "text", ["192.0.2.1", "meet example", "https://meet.example.org", "*.example.org", "a..b"]
)
def test_what_is_no_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PARLOUR_DOMAIN", text)
    with pytest.raises(SettingsError, match="PARLOUR_DOMAIN has to be a host name"):
        read_settings()
