"""The load generator: a process of its own on a core of its own, which also starts the servers."""

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import uvloop

from bench.machine import Cores, raise_open_files, stay
from bench.outcome import NODE, Outcome
from bench.seed import Seed
from bench.servers import Node, Parlour
from bench.slices import Run
from bench.workloads import WORKLOADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The arguments of the load generator; pickled, since the generator is a spawned process."""

    workload: str
    seed: Seed
    cores: Cores
    rounds: int
    seconds: float


def in_process(job: Job) -> Outcome:
    """Run a workload in a new process, which starts the servers anew and pins itself to its core."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(generate, job).result()


def generate(job: Job) -> Outcome:
    raise_open_files()
    workload = WORKLOADS[job.workload]
    has_node = workload.reference == NODE
    stay(job.cores.generator if has_node else None, parent=os.getppid())
    outcome = Outcome(job.workload, reference=workload.reference)
    core, kinds = (job.cores.server, (Parlour, Node)) if has_node else (None, (Parlour,))
    with ExitStack() as stack:
        servers = [stack.enter_context(kind(core=core, seed=job.seed)) for kind in kinds]
        run = Run(seed=job.seed, servers=servers, rounds=job.rounds, seconds=job.seconds, outcome=outcome)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(workload.measure(run))
    return outcome
