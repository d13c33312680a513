"""The machine of the measurements, and the share of it that each process gets."""

import asyncio
import ctypes
import os
import platform
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of the servers and of the generator: the same core on a machine of one core."""

    server: int
    generator: int

    @property
    def apart(self) -> bool:
        return self.server != self.generator


def cores() -> Cores:
    usable = sorted(os.sched_getaffinity(0))
    return Cores(server=usable[0], generator=usable[-1])


def raise_open_files() -> int:
    """Raise the limit on open files of this process and its children; return it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        most = 1 << 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def stay(core: int | None, *, parent: int) -> None:
    """Pin this process to that core, if any, and end it with its parent."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def pinned(core: int | None) -> Callable[[], None]:
    """Return the `preexec_fn` of a child process: `stay`, with this process as the parent."""
    return partial(stay, core, parent=os.getpid())


class ProcessClock:
    """CPU time of another process: user and system, all its threads, those that ended included.

    The same as utime + stime of /proc/<pid>/stat, but in nanoseconds instead of ticks of 10 ms
    (clock_getcpuclockid(3)).
    """

    def __init__(self, pid: int) -> None:
        clock = ctypes.c_int()
        error = _libc.clock_getcpuclockid(pid, ctypes.byref(clock))
        if error:
            raise OSError(error, f"no CPU clock of process {pid}")
        self._clock = clock.value

    def seconds(self) -> float:
        return time.clock_gettime(self._clock)


def kernel_seconds(pid: int) -> float:
    """Return the CPU time of a process in the kernel, in ticks of 10 ms (stime of proc_pid_stat(5))."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
    return int(after_name.split()[12]) / os.sysconf("SC_CLK_TCK")


def low_priority_seconds(pid: int) -> float:
    """Return the CPU time of a process's threads that are nicer than its first (proc_pid_schedstat(5))."""
    total = 0.0
    usual = os.getpriority(os.PRIO_PROCESS, pid)
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # the thread has ended
            if os.getpriority(os.PRIO_PROCESS, int(task.name)) > usual:
                total += int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return total


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def busy_seconds(core: int | None) -> float:
    """Return the CPU time of all processes on a core, or on all: busy states of proc_stat(5)."""
    wanted = "cpu" if core is None else f"cpu{core}"
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name == wanted:
            used = sum(int(ticks[column]) for column in (0, 1, 2, 5, 6))
            return used / os.sysconf("SC_CLK_TCK")
    return 0.0


def may_go_first() -> bool:
    """Return True if this process may use `going_first`: as root."""
    try:
        with going_first([os.getpid()]):
            return True
    except PermissionError:
        return False


@contextmanager
def going_first(pids: Iterable[int]) -> Iterator[None]:
    """Run the first threads of processes before all other work on the machine (SCHED_RR), which gets a
    twentieth of each second. Raises PermissionError.
    """
    chosen = list(pids)
    try:
        for pid in chosen:
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
        yield
    finally:
        for pid in chosen:
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


async def busy_share(seconds: float) -> float:
    """Return the share of all cores that other processes use in the next seconds."""
    before, began = busy_seconds(None), time.perf_counter()
    await asyncio.sleep(seconds)
    capacity = (time.perf_counter() - began) * len(os.sched_getaffinity(0))
    return (busy_seconds(None) - before) / capacity


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()


def memory_gigabytes() -> int:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return round(total / 2**30)


def versions() -> dict[str, str]:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "Parlour": version("parlour"),
        "Python": platform.python_version(),
        "Node": node.strip().removeprefix("v"),
        "Linux": platform.release().split("-")[0],
    }
