"""What Parlour makes of what Caddy says, and of its end; a script says it."""

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from parlour.caddy.server import Caddy, CaddyEnded
from parlour.options import Options
from parlour.settings import Settings

OBTAINED = {"level": "info", "logger": "tls.obtain", "msg": "certificate obtained successfully"}
REFUSED = {"level": "error", "logger": "tls.obtain", "msg": "will retry", "error": "HTTP 429: too many"}
OF_CERTIFICATES = {"level": "warn", "logger": "tls.cache", "msg": "stapling"}
OF_SOMETHING_ELSE = {"level": "warn", "logger": "admin", "msg": "admin endpoint disabled"}
DOMAIN = "meet.example.org"


async def logged(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[dict[str, object]]:
    """Run a Caddy that says these lines and ends; return Parlour's log, without its details."""
    said = folder / "said"
    said.write_text("".join(f"{line}\n" for line in lines))
    program = folder / "programs" / "caddy"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1 $2" = "run --config" ] && [ -r "$3" ] && cat {said}\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    options = Options(Settings(_env_file=None, data_dir=folder / "data", domain=DOMAIN), 8000).caddy()
    assert options is not None
    with capture_logs() as log, pytest.raises(CaddyEnded, match="status 3"):
        await Caddy(options).run()
    assert (options.folder / "caddy.json").stat().st_mode & 0o777 == 0o600
    return [dict(entry) for entry in log if entry["log_level"] != "debug"]


async def test_what_it_says_of_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (OBTAINED, REFUSED, OF_CERTIFICATES, OF_SOMETHING_ELSE)
    log = await logged(
        tmp_path, monkeypatch, *(json.dumps({**line, "identifier": DOMAIN}) for line in lines), "no JSON"
    )
    assert [entry["event"] for entry in log] == [
        "caddy.started",
        "caddy.certificate",
        "caddy.warned",
        "caddy.warned",
        "caddy.ended",
    ]
    refused = {"about": "tls.obtain", "error": "HTTP 429: too many", "domain": DOMAIN}
    assert refused.items() <= log[2].items()
    assert log[4]["hint"] is None


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ("listen tcp :443: bind: permission denied", "CAP_NET_BIND_SERVICE"),
        ("bind: address already in use", "another"),
    ],
)
async def test_an_end_that_has_a_known_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, hint: str
) -> None:
    *_, ended = await logged(tmp_path, monkeypatch, f"Error: loading initial config: {fault}")
    assert hint in str(ended["hint"])
