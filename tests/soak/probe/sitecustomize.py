"""A probe that the server under test imports: at SIGUSR1 it writes its count of tasks into its folder."""

import asyncio
import signal
from pathlib import Path
from types import FrameType

FILE = "tasks"


def _count(_sign: int, _frame: FrameType | None) -> None:
    draft = Path(f"{FILE}.draft")
    draft.write_text(str(len(asyncio.all_tasks())))
    draft.rename(FILE)


signal.signal(signal.SIGUSR1, _count)
