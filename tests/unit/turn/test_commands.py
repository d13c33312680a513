"""`parlour turn config` prints what coturn needs on a host of its own."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parlour.cli.turn import turn_commands

SECRET = "north wind, south wind, and no wind at all"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def configuration(**settings: str) -> Result:
    named = {f"PARLOUR_{name}": value for name, value in settings.items()}
    return CliRunner().invoke(turn_commands, ["config"], env=named)


def test_a_hardened_configuration() -> None:
    said = configuration(TURN_SECRET=SECRET, TURN_EXTERNAL_ADDRESS="198.51.100.7", TURN_QUOTA="9")
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    for line in (
        "use-auth-secret",
        f"static-auth-secret={SECRET}",
        "external-ip=198.51.100.7",
        "user-quota=9",
        "no-tls",
        "no-cli",
        "no-tcp-relay",
        "denied-peer-ip=10.0.0.0-10.255.255.255",
        "denied-peer-ip=::ffff:10.0.0.0-::ffff:10.255.255.255",
        "denied-peer-ip=::1",
    ):
        assert line in lines, line
    assert not [line for line in lines if line.startswith(("listening-ip", "relay-ip", "userdb", "log-file"))]
    assert "denied-peer-ip=::-::" not in said.output  # coturn would take it for every address


def test_without_a_secret_there_is_none() -> None:
    said = configuration()
    assert said.exit_code == 2
    assert said.stderr.startswith("parlour: PARLOUR_TURN_SECRET: ")
