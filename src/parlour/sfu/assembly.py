"""Assemble the SFU that runs beside Parlour: a task that is restarted whenever it ends."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from parlour.sfu.options import SfuOptions
from parlour.sfu.server import LiveKit, find_livekit
from parlour.tasks import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedSfu:
    """The settings of the SFU; `folder` holds its configuration."""

    options: SfuOptions
    media_folder: Path
    folder: Path


class SfuCompanion:
    """Keeps the SFU running."""

    asked_by = "SFU"

    def __init__(self, embedded: EmbeddedSfu) -> None:
        self._embedded = embedded

    def require_program(self) -> None:
        """Raise ProgramUnusable if LiveKit is not installed, or not in the version that fits."""
        find_livekit(self._embedded.media_folder)

    def register(self, tasks: Supervisor) -> None:
        tasks.repeat("sfu", self._run)

    async def _run(self) -> None:
        embedded = self._embedded
        program = await asyncio.to_thread(find_livekit, embedded.media_folder)
        await LiveKit(program, embedded.options, embedded.folder).run()
