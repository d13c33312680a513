"""A start: CPU and time until the ready line, for which everyone waits after a crash."""

import dataclasses
import tempfile
import time
from pathlib import Path

from bench.machine import busy_seconds
from bench.outcome import PARLOUR, Figure, Figures
from bench.servers import Parlour, Server
from bench.slices import Reading, Run

START = (
    Figure(key="cpu", title="CPU until ready, existing database", unit="s", own_target=0.8),
    Figure(key="wall", title="Time until ready, existing database", unit="s"),
    Figure(key="empty-cpu", title="CPU until ready, no database yet", unit="s"),
    Figure(key="empty-wall", title="Time until ready, no database yet", unit="s"),
)


async def measure_start(run: Run) -> None:
    """Node's server beside it has no database."""

    async def one_slice(server: Server) -> Figures:
        await server.end()
        generator, core = time.process_time(), busy_seconds(server.core)
        cpu, wall = _until_ready(server)
        spent, busy = time.process_time() - generator, busy_seconds(server.core) - core
        run.note(Reading(server=cpu, generator=spent, wall=wall, core=busy))
        figures = {"cpu": cpu, "wall": wall}
        if server.name == PARLOUR:
            figures["empty-cpu"], figures["empty-wall"] = _on_an_empty_folder(run, server)
        return figures

    await run.interleaved(one_slice)


def _on_an_empty_folder(run: Run, server: Server) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="parlour-bench-empty-") as folder:
        newcomer = Parlour(core=server.core, seed=dataclasses.replace(run.seed, folder=Path(folder)))
        try:
            return _until_ready(newcomer)
        finally:
            newcomer.stop()


def _until_ready(server: Server) -> tuple[float, float]:
    """Start the server; return its CPU seconds, and the seconds from the call to its ready line."""
    began = time.perf_counter()
    server.start()
    return server.cpu(), time.perf_counter() - began
