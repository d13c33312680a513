"""Runs of a doctor: one at a time, and within bounds. The doctors here are programs of one line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from parlour.cluster.coordinator import NodeDescription
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.diagnosis.doctor_runs import LOST_AFTER, DoctorCommand, DoctorRuns, DoctorState
from parlour.diagnosis.shared_runs import SharedRuns
from parlour.node_id import new_node_id

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


class Machine:
    """A process of a machine in a cluster."""

    def __init__(self, cluster: MemoryCluster, host: str, program: str) -> None:
        self.coordinator = MemoryCoordinator(new_node_id(), cluster, description=NodeDescription(host=host))
        self.runs = runs_of(program)
        SharedRuns(self.runs, ClusterMessages(self.coordinator), host=host)


async def test_all_processes_of_a_machine_know_what_was_found() -> None:
    """A request may come to any of them, to one that started later too."""
    cluster, program = MemoryCluster(), f"print({FINDING!r})"
    first, second, other = (Machine(cluster, host, program) for host in ("here", "here", "there"))
    async with running(first, second, other):
        first.runs.start()
        await until(lambda: second.runs.state.running_since == NOW)
        second.runs.start()
        assert second.runs._running is None, "one at a time"
        assert await ended(first.runs) == [("database", "gone.")]
        await until(lambda: second.runs.state == first.runs.state)
        late = Machine(cluster, "here", program)
        async with running(late):
            await until(lambda: late.runs.state == first.runs.state)
        assert other.runs.state == DoctorState()


def test_a_run_of_a_process_that_died_is_over() -> None:
    runs = runs_of("")
    runs.take(DoctorState(NOW - LOST_AFTER - timedelta(seconds=1)))
    assert runs.state == DoctorState()


@asynccontextmanager
async def running(*machines: Machine) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(machine.coordinator.run()) for machine in machines]
    await until(lambda: all(machine.coordinator.lease is not None for machine in machines))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)
