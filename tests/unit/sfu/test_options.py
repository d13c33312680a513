"""What the settings say of the SFU beside Parlour, and what LiveKit is told."""

import json
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from parlour.companions import ProgramUnusable
from parlour.options import Options
from parlour.settings import Settings
from parlour.sfu.configuration import livekit_configuration
from parlour.sfu.options import SfuOptions
from parlour.sfu.server import PROGRAM, VERSION, find_livekit
from parlour.turn.assembly import TurnCompanion

Chosen = Callable[..., Options]
PUBLIC = "https://meet.example.org"


@pytest.fixture
def chosen(tmp_path: Path) -> Chosen:
    return lambda **values: Options(Settings(_env_file=None, data_dir=tmp_path, **values), 8000)


def of(options: Options) -> SfuOptions:
    found = options.embedded_sfu()
    assert found is not None
    return found.options


def told(options: SfuOptions, address: str) -> dict[str, Any]:
    configuration: dict[str, Any] = json.loads(livekit_configuration(options, address=ip_address(address)))
    return configuration


def test_without_a_word_there_is_none(chosen: Chosen) -> None:
    assert chosen().embedded_sfu() is None
    assert [companion.asked_by for companion in chosen(sfu="embedded").companions()] == ["SFU"]
    assert isinstance(chosen(sfu="embedded", turn="embedded").companions()[0], TurnCompanion)


def test_its_secret_stays_and_is_its_own(chosen: Chosen) -> None:
    secret = of(chosen(sfu="embedded")).secret
    assert len(secret) == 64
    assert of(chosen(sfu="embedded")).secret == secret
    assert secret not in (chosen().settings.secret(), chosen(turn="embedded").settings.relay_secret())
    assert told(of(chosen(sfu="embedded")), "127.0.0.1")["keys"] == {"parlour": secret}


def test_its_api_is_on_loopback_and_no_room_is_made_by_a_token(chosen: Chosen) -> None:
    configuration = told(of(chosen(sfu="embedded", public_url=PUBLIC, sfu_port=7000)), "203.0.113.5")
    assert (configuration["port"], configuration["bind_addresses"]) == (7000, ["127.0.0.1"])
    assert configuration["room"]["auto_create"] is False
    assert configuration["turn"] == {"enabled": False}


def test_clients_are_told_no_server_of_anybody_else(chosen: Chosen) -> None:
    """LiveKit names STUN servers of Google and Twilio where it has none."""
    media = told(of(chosen(sfu="embedded", public_url=PUBLIC)), "203.0.113.5")["rtc"]
    assert media["stun_servers"] == ["127.0.0.1:9"]
    assert media["use_external_ip"] is False


def test_browsers_reach_it_at_one_port_of_each_kind(chosen: Chosen) -> None:
    options = of(chosen(sfu="embedded", public_url=PUBLIC, sfu_udp_port=4000, sfu_tcp_port=4001))
    media = told(options, "203.0.113.5")["rtc"]
    assert (media["node_ip"], media["udp_port"], media["tcp_port"]) == ("203.0.113.5", 4000, 4001)
    assert "ips" not in media


def test_on_this_machine_alone_it_listens_there_alone(chosen: Chosen) -> None:
    options = of(chosen(sfu="embedded"))
    media = told(options, "127.0.0.1")["rtc"]
    assert options.is_local
    assert (media["ips"], media["tcp_port"]) == ({"includes": ["127.0.0.1/32"]}, 0)
    assert media["enable_loopback_candidate"] is True


def test_it_tells_parlour_what_happens_by_http_alone(chosen: Chosen, tmp_path: Path) -> None:
    hook = told(of(chosen(sfu="embedded")), "127.0.0.1")["webhook"]
    assert hook == {"api_key": "parlour", "urls": ["http://127.0.0.1:8000/livekit/webhook"]}
    secure = chosen(sfu="embedded", tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    assert "webhook" not in told(of(secure), "127.0.0.1")


def test_those_that_are_set_are_used_beside_it(chosen: Chosen) -> None:
    assert chosen().sfus() == ()
    values = {"livekit_url": "wss://a.example.org, wss://b.example.org", "livekit_key": "key"}
    options = chosen(sfu="embedded", **values, livekit_secret="north wind, south wind, all day long")
    here, first, second = options.sfus()
    assert (here.url, here.key, here.is_here) == ("http://127.0.0.1:7880", "parlour", True)
    assert here.secret == of(options).secret
    assert (first.url, second.url) == ("https://a.example.org", "https://b.example.org")
    assert (first.key, first.is_here) == ("key", False)
    assert len({access.number for access in options.sfus()}) == 3


def program(folder: Path, text: str) -> Path:
    file = folder / PROGRAM
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_program_of_another_version_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end at the first name in its configuration that it does not know."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    with pytest.raises(ProgramUnusable, match="not installed; run `parlour media install --sfu`"):
        find_livekit(tmp_path)
    says = '#!/bin/sh\n[ "$1" = --version ] && echo "livekit-server version {}"\n'
    fitting = program(tmp_path, says.format(VERSION))
    assert find_livekit(tmp_path) == fitting
    program(tmp_path, says.format("1.9.0"))
    with pytest.raises(ProgramUnusable, match=f"has the version 1.9.0, not {VERSION}"):
        find_livekit(tmp_path)
    program(tmp_path, "#!/bin/sh\nexit 1\n")
    with pytest.raises(ProgramUnusable, match="does not tell its version"):
        find_livekit(tmp_path)
    program(tmp_path, "no program at all")
    with pytest.raises(ProgramUnusable, match="does not tell its version"):
        find_livekit(tmp_path)
