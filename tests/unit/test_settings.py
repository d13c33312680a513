"""Settings: safe defaults, and a sentence that names what cannot be used."""

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import make_url

from parlour.options import Options
from parlour.settings import Settings, SettingsError, read_settings
from parlour.wire.base import is_loopback


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No settings but those of the test."""
    for name in [name for name in os.environ if name.startswith("PARLOUR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"PARLOUR_{name}", value)
    return read_settings()


def test_defaults_are_the_contracts(nowhere: Path) -> None:
    settings = read_settings()
    assert settings.database() == make_url(f"sqlite:///{nowhere}/data/parlour.db")
    assert settings.url(port=8000) == "http://localhost:8000"
    assert settings.mail_from == "Parlour <parlour@localhost>"
    assert (settings.access_token_ttl, settings.refresh_token_ttl) == (900, 86400)
    assert (settings.guest_ttl, settings.verification_ttl) == (1800, 3600)
    assert (settings.smtp_url, settings.redis_url, settings.turn_secret) == (None, None, None)
    assert (settings.ice_urls, settings.turn_urls) == ((), ())
    assert (settings.turn_ttl, settings.relay_only, settings.has_relay) == (43_200, False, False)
    assert settings.shows_mail(port=8000)
    assert not settings.is_https(port=8000)


def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, PUBLIC_URL="", SMTP_URL="", GUEST_TTL="", REDIS_URL="", ALLOWED_ORIGINS="")
    assert settings == read_settings()
    assert settings.guest_ttl == 1800


def test_dot_env_is_read_and_the_environment_comes_first(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / ".env").write_text("PARLOUR_GUEST_TTL=60\nPARLOUR_ACCESS_TOKEN_TTL=61\nOTHER=1\n")
    settings = read(monkeypatch, GUEST_TTL="62")
    assert (settings.guest_ttl, settings.access_token_ttl) == (62, 61)


def test_old_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ["o" * 32, "p" * 40]
    settings = read(monkeypatch, SECRET_KEY="s" * 32, OLD_SECRET_KEYS=" , ".join(old))
    assert settings.old_secrets() == tuple(old)
    assert old[0] not in repr(settings)
    with pytest.raises(SettingsError, match=r"^PARLOUR_OLD_SECRET_KEYS has to have at least 32 characters"):
        read(monkeypatch, OLD_SECRET_KEYS="short," + "s" * 40)


@pytest.mark.parametrize(
    ("public_url", "origins"),
    [
        ("http://localhost:8000", {"http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"}),
        ("http://127.0.0.1:8000", {"http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"}),
        ("https://meet.example.org", {"https://meet.example.org"}),
        ("https://Meet.Example.org/", {"https://meet.example.org"}),
        ("HTTPS://meet.example.org", {"https://meet.example.org"}),
        ("https://meet.example.org:443", {"https://meet.example.org"}),
        ("http://meet.example.org:80", {"http://meet.example.org"}),
        ("https://meet.example.org:8443", {"https://meet.example.org:8443"}),
        ("https://example.org/meet", {"https://example.org"}),
        ("https://straße.example", {"https://xn--strae-oqa.example"}),
        ("https://meet_us.example", {"https://meet_us.example"}),
    ],
)
def test_own_origins_are_as_browsers_write_them(
    monkeypatch: pytest.MonkeyPatch, public_url: str, origins: set[str]
) -> None:
    assert read(monkeypatch, PUBLIC_URL=public_url).origins(port=9000) == origins


@pytest.mark.parametrize(
    ("public_url", "ehlo", "name"),
    [
        ("https://meet.example.org:8443/calls", "", "meet.example.org"),
        ("https://straße.example", "", "xn--strae-oqa.example"),
        ("https://192.0.2.1", "", "[192.0.2.1]"),
        ("https://[2001:db8::1]", "", "[IPv6:2001:db8::1]"),
        ("", "", "localhost"),
        ("https://meet.example.org", "out.example.org", "out.example.org"),
        ("https://meet.example.org", "192.0.2.1", "[192.0.2.1]"),
        ("https://meet.example.org", "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_how_the_server_names_itself_to_mail_servers(
    monkeypatch: pytest.MonkeyPatch, public_url: str, ehlo: str, name: str
) -> None:
    settings = read(monkeypatch, PUBLIC_URL=public_url, SMTP_EHLO=ehlo, SMTP_URL="smtp://mail.example.org")
    server = settings.smtp_server(port=8000)
    assert server is not None
    assert server.ehlo == name


def test_the_port_is_known_at_the_start_alone() -> None:
    assert "http://localhost:9000" in read_settings().origins(port=9000)


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("https://a.example", {"https://a.example"}),
        (" https://a.example , https://B.example:8443/,", {"https://a.example", "https://b.example:8443"}),
        ("https://a.example:443", {"https://a.example"}),
        (
            "http://192.0.2.1:3000,http://[2001:db8::1]:3000",
            {"http://192.0.2.1:3000", "http://[2001:db8::1]:3000"},
        ),
    ],
)
def test_allowed_origins(monkeypatch: pytest.MonkeyPatch, given: str, origins: set[str]) -> None:
    settings = read(monkeypatch, ALLOWED_ORIGINS=given, PUBLIC_URL="https://meet.example.org")
    assert settings.origins(port=8000) == origins | {"https://meet.example.org"}


WRONG = [
    ("DATABASE_URL", "mysql://localhost/parlour"),
    ("DATABASE_URL", "not a url"),
    ("DATABASE_URL", "postgresql://host:port/name"),
    ("SMTP_URL", "http://localhost"),
    ("SMTP_URL", "localhost:25"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", "smtp://localhost:many"),
    ("SMTP_URL", "smtp://localhost:99999"),
    ("MAIL_FROM", "Parlour"),
    ("MAIL_FROM", "Parlour <>"),
    ("MAIL_FROM", "Parlour <parlour@>"),
    ("MAIL_FROM", "Parlour <parlour@example.org>\nBcc: eve@example.org"),
    ("SECRET_KEY", "short"),
    ("TRUSTED_PROXIES", "proxy.example"),
    ("PROXY_HEADER", "x-real-ip"),
    ("TRUSTED_PROXIES", "127.0.0.1,10.0.0.1/8"),
    ("PUBLIC_URL", "meet.example.org"),
    ("PUBLIC_URL", "ftp://meet.example.org"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://meet.example.org?a=b"),
    ("PUBLIC_URL", "https://meet.example.org:many"),
    ("PUBLIC_URL", "http://localhost:99999"),
    ("SMTP_EHLO", "two words"),
    ("SMTP_EHLO", "mail_.example.org\r\nMAIL"),
    ("SMTP_EHLO", "[mail.example.org]"),
    ("MAIL_FROM", "Jürgen <jürgen@example.org>"),
    ("MAIL_FROM", "Parlour <parlour@-.example>"),
    ("PUBLIC_URL", "https://[::1"),
    ("PUBLIC_URL", "https://example.org/a//b"),
    ("PUBLIC_URL", "https://example.org/a/../b"),
    ("PUBLIC_URL", 'https://example.org/"><script>'),
    ("PUBLIC_URL", "https://example.org/a%20b"),
    ("PUBLIC_URL", "https://ann:secret@meet.example.org"),
    ("ALLOWED_ORIGINS", "*"),
    ("ALLOWED_ORIGINS", "null"),
    ("ALLOWED_ORIGINS", "meet.example.org"),
    ("ALLOWED_ORIGINS", "https://a.example,b.example"),
    ("ALLOWED_ORIGINS", "https://a.example/path"),
    ("ALLOWED_ORIGINS", "https://a.example:many"),
    ("ALLOWED_ORIGINS", "https://ann@a.example"),
    ("ALLOWED_ORIGINS", "https://[::1"),
    *[
        (f"{name}_TTL", value)
        for name in ("ACCESS_TOKEN", "REFRESH_TOKEN", "GUEST", "VERIFICATION")
        for value in ("soon", "-1", "0", "1.5", "99999999999")
    ],
    *[
        ("REDIS_URL", value)
        for value in (
            "localhost:6379",
            "http://localhost:6379",
            "redis://",
            "redis://localhost:many",
            "redis://localhost/first",
            "redis://localhost/0?socket_timeout=5",
            "redis://localhost,other/0",
            "redis+sentinel://localhost:26379",
            "redis+sentinel://localhost:26379/mymaster/first",
            "redis+sentinel://localhost,,other/mymaster",
            "redis+sentinel://localhost/mymaster?socket_timeout=5",
            "redis+sentinel://" + ",".join(["localhost"] * 17) + "/mymaster",
            "unix:///run/redis.sock",
        )
    ],
    ("REGISTRATION", "opne"),
    ("REGISTRATION", "open,example.org"),
    ("REGISTRATION", "ann@example.org"),
    ("REGISTRATION", "example..org"),
    ("ROOM_CREATION", "everybody"),
    ("ROOM_CREATION", "clients,example.org"),
    ("ROOM_CREATION", "ann@"),
    ("ADMINISTRATORS", "ann@example.org,bob"),
    ("CONTACT", "help"),
    ("ACME_EMAIL", "help"),
    ("LOG_LEVEL", "loud"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r}" for name, value in WRONG])
def test_a_wrong_setting_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as wrong:
        read(monkeypatch, **{name: value})
    sentence = str(wrong.value)
    assert sentence.startswith(f"PARLOUR_{name}")
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "\n" not in sentence
    assert sentence.count("PARLOUR_") == 1


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "swordfish" * 5
    settings = read(
        monkeypatch, SECRET_KEY=secret, SMTP_URL=f"smtp://ann:{secret}@localhost", TURN_SECRET=secret
    )
    assert "swordfish" not in repr(settings)
    monkeypatch.setenv("PARLOUR_SMTP_URL", f"smpt://ann:{secret}@localhost")
    with pytest.raises(SettingsError) as wrong:
        read_settings()
    assert "swordfish" not in str(wrong.value)


@pytest.mark.parametrize(
    ("public_url", "smtp_url", "shown"),
    [
        ("http://localhost:8000", "", True),
        ("http://127.0.0.1:8000", "", True),
        ("http://[::1]:8000", "", True),
        ("http://parlour.localhost", "", True),
        ("http://localhost:8000", "smtp://localhost", False),
        ("https://meet.example.org", "", False),
        ("http://192.0.2.1:8000", "", False),
        ("http://localhost.example.org", "", False),
        ("http://0.0.0.0:8000", "", False),
    ],
)
def test_mails_are_shown_on_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, public_url: str, smtp_url: str, shown: bool
) -> None:
    settings = read(monkeypatch, PUBLIC_URL=public_url, SMTP_URL=smtp_url)
    assert settings.shows_mail(port=8000) is shown


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens there
        ("192.0.2.1", False),
        ("::", False),
        ("localhost.evil.example", False),
        ("notlocalhost", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("public_url", "https"),
    [
        ("https://meet.example.org", True),
        ("HTTPS://meet.example.org", True),
        ("http://meet.example.org", False),
    ],
)
def test_https(monkeypatch: pytest.MonkeyPatch, public_url: str, https: bool) -> None:
    assert read(monkeypatch, PUBLIC_URL=public_url).is_https(port=8000) is https


def test_a_secret_is_made_once_for_its_owner_alone(nowhere: Path) -> None:
    secret = read_settings().secret()
    path = nowhere / "data" / "secret_key"
    assert len(secret) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_settings().secret() == secret
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"], "no draft is left"


def test_an_empty_secret_file_is_as_good_as_none(nowhere: Path) -> None:
    """A disk that was full once."""
    path = nowhere / "data" / "secret_key"
    path.parent.mkdir()
    path.touch(0o600)
    secret = read_settings().secret()
    assert len(secret) >= 32
    assert read_settings().secret() == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_given_secret_makes_no_file(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, SECRET_KEY="s" * 32).secret() == "s" * 32
    assert not (nowhere / "data").exists()


@pytest.mark.parametrize("folder", ["file", "file/inside", "/proc/parlour", "/sys/parlour"])
def test_a_data_folder_that_cannot_be_is_named(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (nowhere / "file").write_text("in the way")
    settings = read(monkeypatch, DATA_DIR=folder)
    with pytest.raises(SettingsError, match=r"^PARLOUR_DATA_DIR: .*\.$"):
        settings.secret()


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("wss://sfu.example.org", ("https://sfu.example.org",)),
        ("ws://127.0.0.1:7880/", ("http://127.0.0.1:7880",)),
        (
            "https://a.example.org:443/livekit, http://[::1]:7880",
            ("https://a.example.org/livekit", "http://[::1]:7880"),
        ),
        ("wss://a.example.org,https://a.example.org/", ("https://a.example.org",)),
        ("", ()),
    ],
)
def test_sfus(monkeypatch: pytest.MonkeyPatch, value: str, urls: tuple[str, ...]) -> None:
    settings = read(monkeypatch, LIVEKIT_URL=value, LIVEKIT_KEY="key", LIVEKIT_SECRET="s" * 32)
    assert settings.livekit_url == urls
    settings.require_sfu()


@pytest.mark.parametrize(
    "value", ["sfu.example.org", "ftp://a", "wss://user:x@a", "wss://a/?b=c", "wss://a/../b"]
)
def test_an_address_of_an_sfu_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(SettingsError, match=r"^PARLOUR_LIVEKIT_URL .*wss://sfu\.example\.org"):
        read(monkeypatch, LIVEKIT_URL=value)


def test_an_sfu_needs_a_key_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    read(monkeypatch).require_sfu()
    with pytest.raises(SettingsError, match=r"^PARLOUR_LIVEKIT_KEY: .*PARLOUR_LIVEKIT_URL"):
        read(monkeypatch, LIVEKIT_URL="wss://a").require_sfu()
    with pytest.raises(SettingsError, match=r"^PARLOUR_LIVEKIT_SECRET: "):
        read(monkeypatch, LIVEKIT_URL="wss://a", LIVEKIT_KEY="key").require_sfu()
    with pytest.raises(SettingsError, match=r"^PARLOUR_LIVEKIT_SECRET "):
        read(monkeypatch, LIVEKIT_URL="wss://a", LIVEKIT_KEY="key", LIVEKIT_SECRET="short").require_sfu()


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [("https://s3.example.org:443/", "https://s3.example.org"), ("http://[::1]:9000", "http://[::1]:9000")],
)
def test_a_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, endpoint: str, origin: str) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    settings = read(
        monkeypatch, S3_BUCKET="parlour", S3_ENDPOINT=endpoint, S3_KEY="key", S3_SECRET_FILE=str(file)
    )
    settings.require_recordings()
    found = Options(settings, port=8000).s3()
    assert found is not None and found.secret == "from a file"
    assert (found.endpoint, found.is_path_style, found.prefix) == (origin, True, "recordings/")


def test_a_bucket_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Options(read(monkeypatch, S3_BUCKET="parlour"), port=8000).s3()
    assert found is not None
    assert (found.endpoint, found.key, found.secret, found.is_path_style) == (None, None, None, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("S3_BUCKET", "No Bucket"),
        ("S3_ENDPOINT", "s3.example.org"),
        ("S3_ENDPOINT", "https://s3.example.org/path"),
        ("S3_PREFIX", "no-slash"),
        ("S3_REGION", "a b"),
    ],
)
def test_a_bucket_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^PARLOUR_{name} "):
        read(monkeypatch, **{name: value})


@pytest.mark.parametrize(
    "values",
    [
        {"S3_KEY": "key"},
        {"S3_SECRET": "secret"},
        {"S3_KEY": "key", "S3_SECRET": "secret", "S3_SECRET_FILE": "secret"},
        {"S3_KEY": "key", "S3_SECRET_FILE": "none"},
    ],
)
def test_a_key_of_a_bucket_needs_its_secret(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    read(monkeypatch, **values).require_recordings()
    with pytest.raises(SettingsError, match=r"^PARLOUR_S3_"):
        read(monkeypatch, S3_BUCKET="parlour").require_recordings()


def test_media_can_only_be_relayed_where_something_relays_them(monkeypatch: pytest.MonkeyPatch) -> None:
    read(monkeypatch).require_relay()
    with pytest.raises(SettingsError, match=r"PARLOUR_RELAY_ONLY: .*PARLOUR_TURN_URLS"):
        read(monkeypatch, RELAY_ONLY="true").require_relay()
    read(monkeypatch, TURN_URLS="turn:turn.example.org").require_relay()
