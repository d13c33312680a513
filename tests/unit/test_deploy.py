"""The files of deploy/ and compose.yaml, as far as they can be looked at without a machine of their own."""

import configparser
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from parlour import __version__
from parlour.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "parlour"
FILES = [*ROOT.glob("compose*.yaml"), *(file for file in DEPLOY.rglob("*") if file.is_file())]


def test_the_unit_and_its_socket_belong_together() -> None:
    service, listening = (
        configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",)) for _ in range(2)
    )
    service.read(DEPLOY / "parlour.service")
    listening.read(DEPLOY / "parlour.socket")
    assert service["Unit"]["Requires"] == "parlour.socket"
    assert service["Service"]["Type"] == "notify"
    assert service["Service"]["KillMode"] == "process", "what the next Parlour takes over would be killed"
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


def test_the_services_of_the_cluster_compose_file() -> None:
    one, several = (
        yaml.safe_load((ROOT / name).read_text()) for name in ("compose.yaml", "compose.cluster.yaml")
    )
    services = several["services"]
    servers = [service for name, service in services.items() if name.startswith("parlour-")]
    assert set(services) == {
        "parlour-one", "parlour-two", "parlour-three", "haproxy", "postgres", "redis", "caddy"
    }  # fmt: skip
    named = {
        volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])
    }
    assert named == {*several["volumes"], "./deploy/haproxy-compose.cfg"}
    shared = one["services"]["parlour"]["environment"].keys()
    (network,) = several["networks"]["default"]["ipam"]["config"]
    for server in servers:
        assert server["environment"].keys() == shared | {"PARLOUR_REDIS_URL"}
        assert network["subnet"] in server["environment"]["PARLOUR_TRUSTED_PROXIES"]
        assert int(server["stop_grace_period"].removesuffix("s")) >= 15, (
            "docker would kill it while it drains"
        )
    addresses = [f"{server['networks']['default']['ipv4_address']}:8000" for server in servers]
    for part in backends((DEPLOY / "haproxy-compose.cfg").read_text()):
        assert re.findall(r"^    server \w+ (\S+)", part, re.MULTILINE) == addresses
    for service in services.values():
        assert ":" in service["image"] or "build" in service, "an image is named by its version"


def test_the_balancer_of_the_compose_file_is_that_of_other_clusters() -> None:
    """Only the servers' addresses differ, and who speaks https."""
    of_hosts, of_containers = (
        [re.sub(r" \S+:8000 ", " … ", part) for part in backends((DEPLOY / name).read_text())]
        for name in ("haproxy-cluster.cfg", "haproxy-compose.cfg")
    )
    assert of_hosts == of_containers


def test_the_chart_is_of_this_version() -> None:
    """`make check-deploy` renders it."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_settings_that_are_named_exist(file: Path) -> None:
    named = {name.lower() for name in re.findall(r"\bPARLOUR_([A-Z][A-Z_]*[A-Z])\b", file.read_text())}
    assert named <= Settings.model_fields.keys()


def test_balancers_of_a_cluster_name_the_same_servers_everywhere() -> None:
    haproxy = (DEPLOY / "haproxy-cluster.cfg").read_text()
    ready, up = (re.findall(r"^    (server .*)$", part, re.MULTILINE) for part in backends(haproxy))
    assert len(ready) == 3
    assert ready == up
    nginx = (DEPLOY / "nginx-cluster.conf").read_text()
    by_load, by_address = re.findall(r"upstream \w+ \{(.*?)\}", nginx, re.DOTALL)
    servers = re.findall(r"server (\S+)", by_load)
    assert servers == re.findall(r"server (\S+)", by_address)
    assert servers == [line.split()[2] for line in ready], "tests find them by these addresses"


def backends(haproxy: str) -> tuple[str, str]:
    _, ready, up = re.split(r"^backend \w+$", haproxy, flags=re.MULTILINE)
    return ready, up
