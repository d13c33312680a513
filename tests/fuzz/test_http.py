"""The HTTP API against its own description: schemathesis with all its checks.

In the suite a few cases for each operation, most on PostgreSQL, which refuses more texts than SQLite does;
`make fuzz` (FUZZ=full) runs at least 10,000 on each database.
"""

import asyncio
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.people import Visitors
from tests.servers import ParlourServer

PROGRAM = Path(sys.executable).parent / "schemathesis"
CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
FULL = os.environ.get("FUZZ") == "full"
EXAMPLES = {"sqlite": 350, "postgresql": 350} if FULL else {"sqlite": 2, "postgresql": 4}
PHASES = () if FULL else ("--phases", "examples,fuzzing")
ANSWERS = "answers.json"
CASES = 10_000 if FULL else 50
UNLIMITED = {
    f"PARLOUR_{name}": 1_000_000_000
    for name in (
        "FAILURES_PER_ACCOUNT",
        "FAILURES_PER_ADDRESS",
        "MAILS_PER_RECIPIENT",
        "MAILS_PER_ADDRESS",
        "ROOMS_PER_PERSON",
        "MESSAGES_PER_MINUTE",
        "WRITES_PER_MINUTE",
    )
}
"""Or most cases would be answered 429."""


@pytest.mark.timeout(3600)
async def test_no_undocumented_answer(fresh_server: StartServer, tmp_path: Path) -> None:
    server = await fresh_server(UNLIMITED | {"PARLOUR_ACCESS_TOKEN_TTL": 86_400})
    async with Visitors(server) as visitors:
        bob = await visitors.client("bob", email="bob@example.org")
        await bob.creates_event("Attic")
        report = await fuzz(server, tmp_path)
        assert (await bob.get("/readyz")).status_code == 200
    cases = re.search(r"([\d,]+) generated", report)
    assert cases is not None, report
    answers = read_answers(tmp_path / ANSWERS)
    sys.stdout.write(f"{cases[0]} on {database_of(server)}; answers: {shares(answers)}\n")
    assert int(cases[1].replace(",", "")) >= CASES, report
    assert answers[429] == 0
    assert answers[200] >= answers.total() / 5, "the cases do not reach what they are for"
    log = server.log.read_text()
    for failure in ('"status": 5', "request.failed", "task.failed", "Traceback"):
        assert failure not in log, [line for line in log.splitlines() if failure in line][:3]


def database_of(server: ParlourServer) -> str:
    return server.database_url.partition(":")[0]


async def fuzz(server: ParlourServer, folder: Path) -> str:
    """What schemathesis reports, when it has found nothing."""
    root = Path(__file__).parents[2]
    fuzzer = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("--config-file", CONFIGURATION, "--no-color"),
        *("run", f"{server.address}/openapi.json", "--checks", "all"),
        *("--max-examples", str(EXAMPLES[database_of(server)]), *PHASES),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(root),
            "FUZZED_SERVER": server.address,
            "FUZZED_ANSWERS": str(folder / ANSWERS),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await fuzzer.communicate()
    report = out.decode(errors="replace")
    assert fuzzer.returncode == 0, report
    return report


def read_answers(file: Path) -> Counter[int]:
    """How many of the answers had which status."""
    answers: Counter[int] = Counter()
    for operation, count in json.loads(file.read_text()).items():
        answers[int(operation.rpartition(" ")[2])] += count
    return answers


def shares(answers: Counter[int]) -> str:
    return ", ".join(f"{status} {100 * n / answers.total():.1f} %" for status, n in answers.most_common())
