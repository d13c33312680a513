"""A probe that the server under test imports: at SIGUSR1 it writes into its folder what the process holds.

`tasks` has the count of tasks. `objects` has the allocated blocks of memory, and the count of live objects
of each type of Parlour and of the libraries below it, without those of the start.
"""

import asyncio
import gc
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

PACKAGES = ("_asyncio", "asyncio", "multidict", "parlour", "picows", "uvicorn", "uvloop")


def _write(name: str, text: str) -> None:
    draft = Path(f"{name}.draft")
    draft.write_text(text)
    draft.rename(name)


def _types() -> Counter[str]:
    kinds = (type(one) for one in gc.get_objects())
    return Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if kind.__module__.partition(".")[0] in PACKAGES
    )


def _count(_sign: int, _frame: FrameType | None) -> None:
    gc.collect()
    _write("objects", json.dumps({"blocks": sys.getallocatedblocks(), "types": _types()}))
    _write("tasks", str(len(asyncio.all_tasks())))


signal.signal(signal.SIGUSR1, _count)
