"""The settings: one frozen object, read from the environment and `.env` (docs/settings.md)."""

import hashlib
import hmac
import os
import re
import secrets
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

import idna
from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyAddress, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL

from parlour.db.database import driver_url
from parlour.db.private_files import NotPrivate, make_private_folder, require_private
from parlour.mail.smtp import SmtpServer, ehlo_name, parsed_sender
from parlour.recordings.installed import has_s3
from parlour.redis_url import RedisUrl, RedisUrlError
from parlour.wire.addresses import email_key, parsed_domain, parsed_email
from parlour.wire.base import is_loopback
from parlour.wire.validation import plain_words

PREFIX = "PARLOUR_"
SECRET_BYTES = 48
SHORTEST_SECRET = 32
_BASE_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
HTTPS_PORT = 443
FEWEST_LETTERS = 10
"""The fewest distinct characters of a strong secret; 32 random hexadecimal digits have some 14."""


class SettingsError(Exception):
    """A setting cannot be used; the sentence names the setting."""


def _parts(url: str) -> SplitResult:
    """Parse a site's URL. Raises ValueError, also for a URL with a username."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError
    _origin_of(parts)
    return parts


def _origin_of(parts: SplitResult) -> str:
    """Serialise an origin as browsers do (RFC 6454): no default port, international names in ASCII."""
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        host = idna.encode(host, uts46=True).decode()
    default = 443 if parts.scheme == "https" else 80
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{host}{port}"


def _origins(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        parsed = [_parts(text.removesuffix("/")) for text in texts]
    except ValueError:
        parsed = []
    if len(parsed) < len(texts) or any(parts.path or parts.query or parts.fragment for parts in parsed):
        raise ValueError("has to be origins such as https://meet.example.org, comma-separated")
    return tuple(_origin_of(parts) for parts in parsed)


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _public_url(value: str) -> str:
    try:
        parts = _parts(value)
    except ValueError:
        parts = None
    if parts is None or parts.query or parts.fragment or not _is_base_path(parts.path.rstrip("/")):
        raise ValueError("has to be an address such as https://meet.example.org or https://example.org/meet")
    return parts.geturl().rstrip("/")


def _is_base_path(path: str) -> bool:
    """True for an empty path, or for segments of unreserved characters, which have no second spelling.

    See RFC 3986, section 2.3: browsers, proxies and cookie paths must agree on the spelling.
    """
    return _BASE_PATH.fullmatch(path) is not None and not {".", ".."}.intersection(path.split("/"))


def _database_url(value: str) -> str:
    driver_url(value)
    return value


def _smtp_url(value: SecretStr) -> SecretStr:
    SmtpServer.from_url(value.get_secret_value())
    return value


def _ehlo(value: str) -> str:
    try:
        return ehlo_name(value)
    except ValueError as error:
        raise ValueError("has to be a host name such as mail.example.org, or an IP address") from error


def _redis_url(value: SecretStr) -> SecretStr:
    try:
        RedisUrl.parse(value.get_secret_value())
    except RedisUrlError as error:
        raise ValueError(
            "has to be an address such as redis://user:password@host:6379/0, rediss:// for TLS, or"
            " redis+sentinel://user:password@host:26379,host2:26379/mymaster/0 with the sentinels and the"
            f" master's name; this one {error}"
        ) from None
    return value


def _domain(value: str) -> str:
    """Accept a host name that certificates are made for; an international one becomes ASCII."""
    try:
        name = value.lower() if value.isascii() else idna.encode(value, uts46=True).decode()
    except idna.IDNAError:
        name = ""
    if _DOMAIN.fullmatch(name) is None:
        raise ValueError("has to be a host name such as meet.example.org")
    return name


def _authority(value: str) -> str:
    """Accept `internal`, or the directory of an ACME server."""
    if value != "internal":
        try:
            parts = _parts(value)
        except ValueError:
            parts = None
        if parts is None or parts.scheme != "https":
            raise ValueError("has to be internal, or the https:// address of an ACME server's directory")
    return value


def _host(value: str) -> str:
    """Accept a host name, or an IP address without brackets."""
    try:
        return str(ip_address(value))
    except ValueError:
        pass
    if _HOST.fullmatch(value) is None:
        raise ValueError("has to be a host name such as turn.example.org, or an IP address")
    return value


def _port_range(value: str) -> str:
    first, _, last = value.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1024 <= int(first) <= int(last) <= 65_535):
        raise ValueError("has to be a range of ports from 1024 to 65535 such as 49152-65535")
    return value


def _sender(value: str) -> str:
    parsed_sender(value)
    return value


def _proxies(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for text in texts:
            ip_network(text)
    except ValueError as error:
        raise ValueError("has to be addresses or networks such as 10.0.0.0/8, comma-separated") from error
    return texts


def _one_of_each_family(addresses: tuple[IPvAnyAddress, ...]) -> tuple[IPvAnyAddress, ...]:
    families = [address.version for address in addresses]
    if len(set(families)) < len(families):
        raise ValueError("has to be one IPv4 address, one IPv6 address, or both, comma-separated")
    return addresses


def _registration(words: tuple[str, ...]) -> tuple[str, ...]:
    if words in (("open",), ("invitation",), ("closed",)):
        return words
    try:
        return tuple(dict.fromkeys(parsed_domain(word) for word in words))
    except ValueError as error:
        raise ValueError(
            "has to be open, invitation, closed, or domains of email addresses such as example.org, "
            "comma-separated"
        ) from error


def _room_creation(words: tuple[str, ...]) -> tuple[str, ...]:
    """Normalise addresses and domains to the keys by which they are compared."""
    if words in (("clients",), ("nobody",)):
        return words
    try:
        return tuple(email_key(parsed_email(word)) if "@" in word else parsed_domain(word) for word in words)
    except ValueError as error:
        raise ValueError(
            "has to be clients, nobody, or email addresses and domains such as ann@example.org, example.net, "
            "comma-separated"
        ) from error


def _administrators(words: tuple[str, ...]) -> tuple[str, ...]:
    """Normalise addresses to the keys by which they are compared."""
    try:
        return tuple(email_key(parsed_email(word)) for word in words)
    except ValueError as error:
        raise ValueError("has to be email addresses such as ann@example.org, comma-separated") from error


def _email(value: str) -> str:
    try:
        return parsed_email(value)
    except ValueError as error:
        raise ValueError("has to be an email address such as help@example.org") from error


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"has to have at least {SHORTEST_SECRET} characters")
    return value


def _one_line(value: SecretStr) -> SecretStr:
    """Refuse what a line of coturn's configuration cannot hold."""
    text = value.get_secret_value()
    if not text.isprintable() or text != text.strip():
        raise ValueError("has to be one line of printable characters")
    return value


def _all_long_enough(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    return tuple(_long_enough(value) for value in values)


def _sfu_urls(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Normalise to http:// and https://, without a slash at the end, each once."""
    urls = [re.sub("^ws", "http", text.strip().rstrip("/")) for text in texts]
    try:
        parsed = [_parts(url) for url in urls]
    except ValueError:
        parsed = []
    if len(parsed) < len(urls) or any(
        parts.query or parts.fragment or not _is_base_path(parts.path) for parts in parsed
    ):
        raise ValueError(
            "has to be addresses such as wss://sfu.example.org or http://127.0.0.1:7880, comma-separated"
        )
    return tuple(dict.fromkeys(_origin_of(parts) + parts.path for parts in parsed))


def _s3_endpoint(text: str) -> str:
    """Normalise to an origin."""
    try:
        parts = _parts(text.rstrip("/"))
    except ValueError:
        parts = None
    if parts is None or parts.path or parts.query or parts.fragment:
        raise ValueError("has to be an address such as https://s3.example.org or http://127.0.0.1:9000")
    return _origin_of(parts)


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
AllowedOrigins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_origins)]
Proxies = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_proxies)]
OwnAddresses = Annotated[
    tuple[IPvAnyAddress, ...], NoDecode, BeforeValidator(_split), AfterValidator(_one_of_each_family)
]
Secrets = Annotated[
    tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_all_long_enough)
]
RegistrationWords = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_registration)
]
CreationWords = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_room_creation)]
Administrators = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_administrators)
]
SfuUrls = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_sfu_urls)]
ProxyHeader = Annotated[str, Field(pattern="^(x-forwarded-for|forwarded)$")]
Seconds = Annotated[int, Field(ge=1, le=366 * 86_400)]

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseSettings):
    """All settings, frozen; docs/settings.md describes each."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: Annotated[str, AfterValidator(_database_url)] | None = None
    data_dir: Path = Path("./data")
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    old_secret_keys: Secrets = ()
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    domain: Annotated[str, AfterValidator(_domain)] | None = None
    https_port: Port = 443
    http_port: Port = 80
    acme_email: Annotated[str, AfterValidator(_email)] | None = None
    acme_ca: Annotated[str, AfterValidator(_authority)] | None = None
    acme_root: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allowed_origins: AllowedOrigins = ()
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = None
    smtp_ehlo: Annotated[str, AfterValidator(_ehlo)] | None = None
    mail_from: Annotated[str, AfterValidator(_sender)] = "Parlour <parlour@localhost>"
    access_token_ttl: Seconds = 900
    refresh_token_ttl: Seconds = 86_400
    unused_session_ttl: Seconds = 3_600
    session_ttl: Seconds = 2_592_000
    guest_ttl: Seconds = 1_800
    verification_ttl: Seconds = 3_600
    resume_grace: Annotated[int, Field(ge=1, le=600)] = 15
    password_reset_ttl: Seconds = 1_800
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    drain_seconds: Annotated[int, Field(ge=0, le=60)] = 2
    ice_urls: CommaSeparated = ()
    turn_urls: CommaSeparated = ()
    turn_secret: Annotated[SecretStr, AfterValidator(_one_line)] | None = None
    turn_ttl: Annotated[int, Field(ge=10, le=86_400)] = 43_200
    relay_only: bool = False
    turn: Annotated[str, Field(pattern="^embedded$")] | None = None
    turn_server: Literal["coturn", "parlour"] | None = None
    turn_host: Annotated[str, AfterValidator(_host)] | None = None
    turn_listen: OwnAddresses = ()
    turn_external_address: IPvAnyAddress | None = None
    turn_port: Port = 3478
    turn_tls_port: Port = 5349
    turn_relay_ports: Annotated[str, AfterValidator(_port_range)] = "49152-65535"
    turn_cert: Path | None = None
    turn_key: Path | None = None
    turn_realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,127}$")] = "parlour"
    turn_quota: Annotated[int, Field(ge=1, le=65_535)] = 256
    turn_allowed_peers: Proxies = ()
    sfu: Annotated[str, Field(pattern="^embedded$")] | None = None
    sfu_port: Port = 7880
    sfu_udp_port: Port = 7882
    sfu_tcp_port: Port = 7881
    sfu_address: IPvAnyAddress | None = None
    livekit_url: SfuUrls = ()
    livekit_key: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")] | None = None
    livekit_secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    recording_dir: Path | None = None
    s3_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = None
    s3_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$", max_length=128)] = "recordings/"
    s3_endpoint: Annotated[str, AfterValidator(_s3_endpoint)] | None = None
    s3_region: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "us-east-1"
    s3_key: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")] | None = None
    s3_secret: Annotated[SecretStr, AfterValidator(_one_line)] | None = None
    s3_secret_file: Path | None = None
    s3_path_style: bool | None = None
    recording_retention_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    recordings_at_once: Annotated[int, Field(ge=0, le=256)] = 2
    media_dir: Path | None = None
    trusted_proxies: Proxies = ()
    proxy_header: ProxyHeader | None = None
    compression: bool = False
    request_timeout: Annotated[int, Field(ge=1, le=3600)] = 30
    allow_insecure: bool = False
    registration: RegistrationWords = ("open",)
    room_creation: CreationWords = ("clients",)
    public_room_list: bool = True
    administrators: Administrators = ()
    contact: Annotated[str, AfterValidator(_email)] | None = None
    failures_per_account: Count = 10
    failures_per_address: Count = 300
    mails_per_recipient: Count = 100
    mails_per_address: Count = 10_000
    rooms_per_person: Count = 2_000
    messages_per_minute: Count = 1_200
    writes_per_minute: Count = 3_000
    links_per_minute: Count = 3_000
    sockets_per_address: Count = 20_000
    sockets_per_person: Count = 50
    people_per_call: Annotated[int, Field(ge=2, le=512)] = 64
    visits_per_person: Annotated[int, Field(ge=1, le=512)] = 3
    call_topology: Literal["auto", "mesh", "sfu"] = "auto"
    call_encryption: Literal["auto", "off"] = "auto"
    sfu_above: Annotated[int, Field(ge=1, le=512)] = 6
    mesh_again_at: Annotated[int, Field(ge=0, le=512)] = 4
    mesh_again_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    topology_rest_seconds: Annotated[int, Field(ge=0, le=86_400)] = 30
    relays_per_second: Count = 500
    relay_bytes_per_second: Count | None = None
    entries_per_second: Count = 10
    chats_per_second: Count = 20
    others_per_second: Count = 50
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    def database(self) -> str | URL:
        """Return the database's URL, by default a file in the data folder. Raises SettingsError.

        The file's path is not parsed as a URL: `%20` in the name of a folder stays `%20`.
        """
        if self.database_url is not None:
            return self.database_url
        self._make_data_dir()
        return URL.create("sqlite", database=str(self.data_dir.resolve() / "parlour.db"))

    def url(self, *, port: int) -> str:
        if self.public_url is not None:
            return self.public_url
        if self.domain is not None:
            return f"https://{self.domain}" + ("" if self.https_port == HTTPS_PORT else f":{self.https_port}")
        scheme = "http" if self.certificate_files is None else "https"
        return f"{scheme}://localhost:{port}"

    @property
    def certificate_files(self) -> tuple[Path, Path] | None:
        """Return the files of the certificate and key for https by Parlour itself, None for http."""
        if self.tls_cert is None or self.tls_key is None:
            return None
        return self.tls_cert, self.tls_key

    @property
    def ends_https(self) -> bool:
        """True if Parlour, or the Caddy that it runs, speaks https: no proxy has to be set up for that."""
        return self.domain is not None or self.certificate_files is not None

    def require_https(self, *, host: str, port: int) -> None:
        """Check what is said of https. Raises SettingsError."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingsError(f"{PREFIX}TLS_CERT: it needs {PREFIX}TLS_KEY, and the other way round.")
        if self.ends_https and not self.is_https(port=port):
            raise SettingsError(
                f"{PREFIX}PUBLIC_URL: {self.public_url} is without https, and nothing else is served; "
                "set it to the https:// address, or leave it unset."
            )
        if self.domain is not None:
            self._require_domain(self.domain, host)

    def _require_domain(self, domain: str, host: str) -> None:
        if self.certificate_files is not None:
            raise SettingsError(
                f"{PREFIX}DOMAIN: Caddy gets a certificate for it, so {PREFIX}TLS_CERT and {PREFIX}TLS_KEY "
                "are to be unset; or leave out the domain to use them."
            )
        if self.public_url is not None and urlsplit(_origin_of(urlsplit(self.public_url))).hostname != domain:
            raise SettingsError(
                f"{PREFIX}DOMAIN: {domain} is not the host of {PREFIX}PUBLIC_URL, {self.public_url}; "
                "leave one of them unset."
            )
        if host not in ("127.0.0.1", "localhost"):
            raise SettingsError(
                f"{PREFIX}DOMAIN: people come to Caddy, so Parlour itself listens on 127.0.0.1 alone, not on "
                f"{host}; leave out --host."
            )

    def caddy_folder(self) -> Path:
        """Return the folder for Caddy's configuration and certificates."""
        return self.data_dir.resolve() / "caddy"

    def programs_folder(self) -> Path:
        """Return the folder of programs that `parlour caddy install` installs."""
        return self.data_dir.resolve() / "programs"

    def base_path(self, *, port: int) -> str:
        """Return the path of the public URL, such as `/meet`; empty at the root of a site."""
        return urlsplit(self.url(port=port)).path

    def own_origins(self, *, port: int) -> frozenset[str]:
        """Return the public URL's origin; for a loopback host, the origins of all loopback names."""
        own = urlsplit(self.url(port=port))
        origins = {_origin_of(own)}
        if is_loopback(own.hostname or ""):
            suffix = f":{own.port}" if own.port else ""
            names = [f"{own.scheme}://{host}{suffix}" for host in ("localhost", "127.0.0.1", "[::1]")]
            origins.update(_origin_of(urlsplit(name)) for name in names)
        return frozenset(origins)

    def origins(self, *, port: int) -> frozenset[str]:
        """Return the origins whose pages may use the API: Parlour's own, and the allowed origins."""
        return self.own_origins(port=port).union(self.allowed_origins)

    @property
    def has_relay(self) -> bool:
        """True if browsers are given a TURN server."""
        return bool(self.turn_urls) or self.runs_turn

    @property
    def offers_sfu(self) -> bool:
        """True if rooms can have their calls go through an SFU."""
        return self.call_topology != "mesh" and (self.sfu is not None or bool(self.livekit_url))

    @property
    def runs_turn(self) -> bool:
        """True if a TURN server runs beside Parlour."""
        return self.turn is not None

    def require_relay(self) -> None:
        """Check what is said of TURN. Raises SettingsError, also if media are to be relayed by nothing."""
        if self.relay_only and not self.has_relay:
            raise SettingsError(
                f"{PREFIX}RELAY_ONLY: calls are to use a relay alone, but none is set; set "
                f"{PREFIX}TURN_URLS to a TURN server, or {PREFIX}TURN to embedded."
            )
        if (self.turn_cert is None) != (self.turn_key is None):
            raise SettingsError(f"{PREFIX}TURN_CERT: it needs {PREFIX}TURN_KEY, and the other way round.")
        for name, file in (("TURN_CERT", self.turn_cert), ("TURN_KEY", self.turn_key)):
            if file is not None and not os.access(file, os.R_OK):
                raise SettingsError(f"{PREFIX}{name}: {file} cannot be read.")

    def require_sfu(self) -> None:
        """Check what is said of SFUs. Raises SettingsError."""
        if not self.livekit_url:
            return
        for name, value in (("LIVEKIT_KEY", self.livekit_key), ("LIVEKIT_SECRET", self.livekit_secret)):
            if value is None:
                raise SettingsError(
                    f"{PREFIX}{name}: {PREFIX}LIVEKIT_URL needs a key of that LiveKit and its secret "
                    "(keys in its configuration)."
                )

    def require_recordings(self) -> None:
        """Check what is said of S3. Raises SettingsError."""
        if self.s3_bucket is None:
            return
        if not has_s3():
            raise SettingsError(
                f"{PREFIX}S3_BUCKET: S3 needs a package that is not installed: pip install 'parlour[s3]'."
            )
        if (self.s3_key is None) != (self.s3_key_secret() is None):
            raise SettingsError(
                f"{PREFIX}S3_KEY: it needs {PREFIX}S3_SECRET or {PREFIX}S3_SECRET_FILE, and they need it."
            )

    def s3_key_secret(self) -> str | None:
        """Return the secret of the key of S3, which may be in a file of its own. Raises SettingsError."""
        if self.s3_secret is not None and self.s3_secret_file is not None:
            raise SettingsError(f"{PREFIX}S3_SECRET: leave out either this or {PREFIX}S3_SECRET_FILE.")
        if self.s3_secret is not None:
            return self.s3_secret.get_secret_value()
        if self.s3_secret_file is None:
            return None
        try:
            return _one_line(SecretStr(self.s3_secret_file.read_text("utf-8").strip())).get_secret_value()
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"{PREFIX}S3_SECRET_FILE: {self.s3_secret_file} cannot be read, or holds more than a line."
            ) from error

    def relay_secret(self) -> str | None:
        """Return the secret shared with the TURN server; one beside Parlour has its own by default.

        That is derived from the secret which signs tokens, so it stays the same over restarts. Raises
        SettingsError.
        """
        if self.turn_secret is not None:
            return self.turn_secret.get_secret_value()
        if not self.runs_turn:
            return None
        return hmac.new(self.secret().encode(), b"parlour turn", hashlib.sha256).hexdigest()

    def sfu_secret(self) -> str:
        """Return the secret of the SFU beside Parlour, which stays the same over restarts.

        Raises SettingsError.
        """
        return hmac.new(self.secret().encode(), b"parlour sfu", hashlib.sha256).hexdigest()

    def media_folder(self) -> Path:
        """Return the folder of programs that `parlour media install` builds: they run in other folders."""
        return (self.media_dir or self.data_dir / "media").resolve()

    def shows_mail(self, *, port: int) -> bool:
        return self.smtp_url is None and self.is_local(port=port)

    def is_local(self, *, port: int) -> bool:
        """True if the public URL's host is a loopback name."""
        return is_loopback(urlsplit(self.url(port=port)).hostname or "")

    def smtp_server(self, *, port: int) -> SmtpServer | None:
        """Return the SMTP server, if set; the public URL's host is the default name in EHLO."""
        if self.smtp_url is None:
            return None
        return SmtpServer.from_url(
            self.smtp_url.get_secret_value(),
            ehlo=self.smtp_ehlo or _ehlo(urlsplit(self.url(port=port)).hostname or "localhost"),
        )

    def is_https(self, *, port: int) -> bool:
        return self.url(port=port).startswith("https://")

    def require_safe(self, *, host: str, port: int) -> None:
        """Raise SettingsError if other machines could reach a server with unsafe settings.

        A server that listens on loopback is reachable through a proxy too: the public URL then names a public
        host.
        """
        listens, is_public = not is_loopback(host), not self.is_local(port=port)
        if not listens and not is_public:
            return
        self._require_strong_secret()
        where = f"serving on {host}" if listens else "telling people to come"
        if self.allow_insecure:
            return
        if self.shows_mail(port=port):
            raise SettingsError(
                f"{PREFIX}PUBLIC_URL: {where} with emails shown at /dev/mail; set it to the "
                f"https:// address that people open, and {PREFIX}SMTP_URL to a mail server, "
                f"or set {PREFIX}ALLOW_INSECURE=true on a network where you trust everyone."
            )
        if not self.is_https(port=port):
            raise SettingsError(
                f"{PREFIX}PUBLIC_URL: {where} without https; set it to the https:// address that "
                f"people open, or set {PREFIX}ALLOW_INSECURE=true on a network where you trust everyone."
            )

    def _require_strong_secret(self) -> None:
        """Check the secret and the old secrets, which verify tokens too. Raises SettingsError."""
        named = [("SECRET_KEY", self.secret_key), *(("OLD_SECRET_KEYS", old) for old in self.old_secret_keys)]
        for name, secret in named:
            if secret is not None and len(set(secret.get_secret_value())) < FEWEST_LETTERS:
                raise SettingsError(
                    f"{PREFIX}{name}: this secret is too easy to guess; set it to the output of "
                    "`openssl rand -base64 48`, or leave it unset."
                )

    def secret(self) -> str:
        """Return the configured secret, else a secret generated once and stored in the data folder (0600).

        Raises SettingsError.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        self._make_data_dir()
        path = self.data_dir / "secret_key"
        try:
            require_private(path)
        except NotPrivate as error:
            if not self.allow_insecure:
                raise self._readable(error) from error
        except OSError as error:
            raise self._unusable_data_dir(error) from error
        try:
            return _kept_secret(path)
        except OSError as error:
            raise self._unusable_data_dir(error) from error

    def old_secrets(self) -> tuple[str, ...]:
        return tuple(secret.get_secret_value() for secret in self.old_secret_keys)

    def keeps_data_private(self) -> bool:
        """Create the data folder; return False if another user owns it and others can list it.

        The files in it are private in either case. Raises SettingsError.
        """
        return self._make_data_dir()

    def _make_data_dir(self) -> bool:
        try:
            return make_private_folder(self.data_dir)
        except NotPrivate as error:
            if not self.allow_insecure:
                raise self._readable(error) from error
            return False
        except OSError as error:
            raise self._unusable_data_dir(error) from error

    def _readable(self, error: NotPrivate) -> SettingsError:
        return SettingsError(
            f"{PREFIX}DATA_DIR: {error}; use a folder that only the server can write to, or set "
            f"{PREFIX}ALLOW_INSECURE=true if you trust all users of this machine."
        )

    def _unusable_data_dir(self, error: OSError) -> SettingsError:
        return SettingsError(f"{PREFIX}DATA_DIR: {self.data_dir} cannot be used ({error.strerror}).")


def read_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`. Raises SettingsError, which names the setting."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error
    except UnicodeDecodeError as error:
        raise SettingsError("The file .env is not text in UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"The file .env cannot be read ({error.strerror}).") from error


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{PREFIX}{str(first['loc'][0]).upper()} {plain_words(first)}."


def _kept_secret(path: Path) -> str:
    try:
        stored = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        stored = ""
    return stored or _new_secret(path)


def _new_secret(path: Path) -> str:
    """Create the file atomically (link); of two processes that start at once, the first to link wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "w", encoding="utf-8", opener=_owner_only) as file:
        file.write(secrets.token_urlsafe(SECRET_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        if path.stat().st_size == 0:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text(encoding="utf-8").strip()


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
