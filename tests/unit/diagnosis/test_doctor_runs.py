"""Runs of a doctor: one at a time, and within bounds. The doctors here are programs of one line."""

import asyncio
import sys
from datetime import UTC, datetime

import pytest

from parlour.diagnosis.doctor_runs import DoctorCommand, DoctorRuns

NOW = datetime(2026, 11, 27, tzinfo=UTC)
FINDING = '[{"check": "database", "verdict": "failed", "says": "gone.", "todo": "Start it."}]'


def runs_of(program: str, **environment: str) -> DoctorRuns:
    return DoctorRuns(DoctorCommand((sys.executable, "-c", program), environment), clock=lambda: NOW)


async def ended(runs: DoctorRuns) -> list[tuple[str, str]]:
    assert runs._running is not None
    await runs._running
    assert (runs.state.running_since, runs.state.ended_at) == (None, NOW)
    return [(finding.check, finding.says) for finding in runs.state.findings]


async def test_findings_are_kept_until_the_next_run_has_ended() -> None:
    runs = runs_of("import os; print(os.environ['FINDING'])", FINDING=FINDING)
    runs.start()
    first = runs._running
    runs.start()
    assert runs._running is first, "one at a time"
    assert runs.state.running_since == NOW
    assert await ended(runs) == [("database", "gone.")]
    runs.start()
    assert runs._running is not first
    assert runs.state.running_since == NOW and len(runs.state.findings) == 1
    assert await ended(runs) == [("database", "gone.")]


@pytest.mark.parametrize("program", ["print('nonsense')", "print('[{}]')", "raise SystemExit(3)"])
async def test_what_is_no_finding_is_said(program: str) -> None:
    runs = runs_of(program)
    runs.start()
    assert await ended(runs) == [("doctor", "the doctor itself ended without a result.")]


async def test_a_program_that_is_missing_is_said() -> None:
    runs = DoctorRuns(DoctorCommand(("/no/such/program",)), clock=lambda: NOW)
    runs.start()
    assert await ended(runs) == [("doctor", "the doctor itself ended without a result.")]


async def test_a_run_has_a_longest_time_and_a_largest_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parlour.diagnosis.doctor_runs.LARGEST_OUTPUT", 1000)
    runs = runs_of("import sys\nwhile True: sys.stdout.write('[' * 1000)")
    runs.start()
    assert await ended(runs) == [("doctor", "the doctor itself ended without a result.")]
    monkeypatch.setattr("parlour.diagnosis.doctor_runs.LONGEST_SECONDS", 0.2)
    runs = runs_of("import time; time.sleep(600)")
    runs.start()
    assert await ended(runs) == [("doctor", "the doctor itself took too long.")]


async def test_closing_ends_a_run() -> None:
    runs = runs_of("import time; time.sleep(600)")
    runs.start()
    await asyncio.sleep(0)
    await runs.close()
    assert runs._running is not None and runs._running.cancelled()
    await runs_of("print('[]')").close()
