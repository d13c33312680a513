"""The files of deploy/ and compose.yaml, as far as they can be looked at without a machine of their own."""

import configparser
from pathlib import Path

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def test_the_unit_and_its_socket_belong_together() -> None:
    service, listening = (
        configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",)) for _ in range(2)
    )
    service.read(DEPLOY / "parlour.service")
    listening.read(DEPLOY / "parlour.socket")
    assert service["Unit"]["Requires"] == "parlour.socket"
    assert service["Service"]["Type"] == "notify"
    assert listening["Socket"]["ListenStream"] == "127.0.0.1:8000"


def test_each_worker_has_a_socket_of_systemd() -> None:
    service, listening = (
        (DEPLOY / f"parlour.{kind}.d" / "workers.conf").read_text().splitlines()
        for kind in ("service", "socket")
    )
    (command,) = [line for line in service if line.startswith("ExecStart=/")]
    sockets = [line for line in listening if line.startswith("ListenStream=")]
    assert sockets == ["ListenStream=", *["ListenStream=127.0.0.1:8000"] * int(command.split()[-1])]
    assert "ReusePort=yes" in listening


def test_the_services_of_the_compose_file() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert {name: set(service.get("profiles", [])) for name, service in services.items()} == {
        "parlour": set(),
        "postgres": set(),
        "caddy": {"https"},
        "coturn": {"turn"},
    }
    named = {
        volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])
    }
    assert named == set(compose["volumes"])
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    trusted = services["parlour"]["environment"]["PARLOUR_TRUSTED_PROXIES"]
    assert network["subnet"] in trusted
    assert "x-forwarded-for" in services["parlour"]["environment"]["PARLOUR_PROXY_HEADER"]
    for service in services.values():
        assert ":" in service["image"] or "build" in service, "an image is named by its version"
