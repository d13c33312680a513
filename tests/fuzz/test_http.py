"""The HTTP API against its own description: schemathesis with all its checks.

In the suite a few cases for each operation; `make fuzz` (FUZZ=full) runs some 6,000 on each database.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.people import Visitors

PROGRAM = Path(sys.executable).parent / "schemathesis"
FULL = os.environ.get("FUZZ") == "full"
HOW = (
    ("--max-examples", "180", "--workers", "2")
    if FULL
    else ("--max-examples", "4", "--phases", "examples,fuzzing")
)


@pytest.mark.timeout(3600)
async def test_no_undocumented_answer(fresh_server: StartServer, tmp_path: Path) -> None:
    settings = {
        "PARLOUR_ACCESS_TOKEN_TTL": 86_400,
        "PARLOUR_MESSAGES_PER_MINUTE": 1_000_000,  # what is refused for its number proves nothing
        "PARLOUR_WRITES_PER_MINUTE": 1_000_000,
    }
    server = await fresh_server(settings)
    async with Visitors(server) as visitors:
        ann = await visitors.client("ann")
        room = await ann.creates_event("Garden")  # the name in the description's examples
        assert room == "Garden"
        fuzzer = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("run", f"{server.address}/openapi.json", "--checks", "all", "--continue-on-failure"),
            *(
                "--generation-database",
                "none",
                "--no-color",
                "--header",
                f"Authorization: Bearer {ann.token}",
            ),
            *HOW,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await fuzzer.communicate()
        report = out.decode(errors="replace")
        assert fuzzer.returncode == 0, report
        assert (await ann.get("/readyz")).status_code == 200
    cases = re.search(r"([\d,]+) generated", report)
    assert cases is not None, report
    sys.stdout.write(f"{cases[0]} on {server.database_url.partition(':')[0]}\n")
    assert int(cases[1].replace(",", "")) >= (5_000 if FULL else 50), report
    log = server.log.read_text()
    for failure in ('"status": 5', "request.failed", "task.failed", "Traceback"):
        assert failure not in log, [line for line in log.splitlines() if failure in line][:3]
