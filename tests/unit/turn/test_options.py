"""What the settings say of the TURN server beside Parlour, and what browsers are told of it."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from parlour.companions import ProgramUnusable
from parlour.options import Options
from parlour.settings import Settings, SettingsError, read_settings
from parlour.turn.coturn import coturn_configuration
from parlour.turn.options import PRIVATE_PEERS, TurnOptions
from parlour.turn.server import find_program

Chosen = Callable[..., Options]


@pytest.fixture
def chosen(tmp_path: Path) -> Chosen:
    return lambda **values: Options(Settings(_env_file=None, data_dir=tmp_path, **values), 8000)


def of(options: Options) -> TurnOptions:
    found = options.turn_server
    assert found is not None
    return found


def test_without_a_word_there_is_no_server(chosen: Chosen) -> None:
    options = chosen()
    assert (options.turn_server, options.embedded_turn(), options.ice().turn_urls) == (None, None, ())
    assert options.ice().turn_secret is None


def test_browsers_are_told_of_the_server(chosen: Chosen, tmp_path: Path) -> None:
    for name in ("chain.pem", "key.pem"):
        (tmp_path / name).touch()
    files = {"turn_cert": tmp_path / "chain.pem", "turn_key": tmp_path / "key.pem"}
    options = chosen(turn="embedded", public_url="https://meet.example.org", **files)
    plan = options.ice()
    assert plan.stun_urls == ("stun:meet.example.org:3478",)
    assert plan.turn_urls == (
        "turn:meet.example.org:3478?transport=udp",
        "turn:meet.example.org:3478?transport=tcp",
        "turns:meet.example.org:5349?transport=tcp",
    )
    assert plan.turn_secret == of(options).secret
    assert options.configuration().relay
    assert (of(options).listen, of(options).relay) == ((), None)


def test_its_secret_stays_and_is_its_own(chosen: Chosen) -> None:
    secret = of(chosen(turn="embedded")).secret
    assert len(secret) == 64
    assert of(chosen(turn="embedded")).secret == secret != chosen().settings.secret()
    assert of(chosen(turn="embedded", turn_secret="north wind")).secret == "north wind"


def test_what_is_set_comes_first(chosen: Chosen) -> None:
    options = chosen(turn="embedded", turn_urls=("turn:turn.example.org",), ice_urls=("stun:example.org",))
    assert (options.ice().turn_urls, options.ice().stun_urls) == (
        ("turn:turn.example.org",),
        ("stun:example.org",),
    )
    assert of(chosen(turn="embedded", turn_host="2001:db8::7")).uris()[0].host == "2001:db8::7"
    assert str(of(chosen(turn="embedded", turn_host="2001:db8::7")).uris()[0]) == "stun:[2001:db8::7]:3478"


def test_on_this_machine_alone_it_listens_there_alone(chosen: Chosen) -> None:
    options = of(chosen(turn="embedded"))
    assert (options.listen, options.host) == ((ip_address("127.0.0.1"),), "127.0.0.1")


def test_on_addresses_of_both_families_it_relays_from_that_of_ipv4(chosen: Chosen) -> None:
    both = (ip_address("2001:db8::7"), ip_address("198.51.100.7"))
    options = of(chosen(turn="embedded", turn_listen=both))
    lines = coturn_configuration(options, relay=options.relay).splitlines()
    for line in ("listening-ip=2001:db8::7", "listening-ip=198.51.100.7", "relay-ip=198.51.100.7"):
        assert line in lines
    family = "allocation-default-address-family=keep"
    assert family not in lines
    alone = of(chosen(turn="embedded", turn_listen=both[:1]))
    assert family in coturn_configuration(alone, relay=alone.relay).splitlines()


def test_no_special_network_is_forgotten() -> None:
    networks = [ip_network(network) for network in PRIVATE_PEERS]
    for address in (
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.53",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.1.1",
        "224.0.0.251",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fd00::1",
        "fe80::1",
        "ff02::1",
    ):
        assert any(ip_address(address) in network for network in networks), address
    for address in ("1.1.1.1", "8.8.8.8", "2606:4700::1111", "2a00::1"):
        assert not any(ip_address(address) in network for network in networks), address


def test_relays_of_a_private_machine_reach_each_other(chosen: Chosen) -> None:
    options = of(chosen(turn="embedded", turn_allowed_peers=("10.7.0.0/16",)))
    lines = coturn_configuration(options, relay=ip_address("192.168.1.5")).splitlines()
    assert "allowed-peer-ip=192.168.1.5" in lines and "allow-loopback-peers" not in lines
    assert "allowed-peer-ip=10.7.0.0-10.7.255.255" in lines
    assert "allow-loopback-peers" in coturn_configuration(options, relay=ip_address("127.0.0.1"))
    assert "allowed-peer-ip=8.8.8.8" not in coturn_configuration(options, relay=ip_address("8.8.8.8"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TURN", "yes"),
        ("TURN_SERVER", "pion"),
        ("TURN_HOST", "turn example"),
        ("TURN_LISTEN", "everywhere"),
        ("TURN_LISTEN", "198.51.100.7,198.51.100.8"),
        ("TURN_PORT", "0"),
        ("TURN_RELAY_PORTS", "49152"),
        ("TURN_RELAY_PORTS", "2000-1000"),
        ("TURN_RELAY_PORTS", "80-90"),
        ("TURN_REALM", "a realm\nuser=x"),
        ("TURN_ALLOWED_PEERS", "home"),
    ],
)
def test_values_that_cannot_be_used(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"PARLOUR_{name}", value)
    with pytest.raises(SettingsError, match=f"^PARLOUR_{name} ") as error:
        read_settings()
    assert str(error.value).endswith(".")


def test_a_secret_is_one_line(chosen: Chosen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARLOUR_TURN_SECRET", "north\nno-auth")
    with pytest.raises(SettingsError, match="PARLOUR_TURN_SECRET"):
        read_settings()


def test_who_has_no_program_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("parlour.child_process._SBIN", ())
    for kind, words in (("coturn", "apt-get install coturn"), ("parlour", "parlour media install")):
        missing: Any = kind
        with pytest.raises(ProgramUnusable, match=words):
            find_program(missing, tmp_path)
    coturn = tmp_path / "turnserver"
    coturn.write_text("#!/bin/sh\n")
    coturn.chmod(0o700)
    assert find_program(None, tmp_path).kind == "coturn"
    own = tmp_path / "parlour-turn"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o700)
    assert find_program(None, tmp_path).path == own
    assert find_program("coturn", tmp_path).path == coturn
