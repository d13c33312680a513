"""Assemble the TURN server that runs beside Parlour: a task that is restarted whenever it ends."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from parlour.tasks import Supervisor
from parlour.turn.options import TurnOptions
from parlour.turn.server import ServerKind, TurnServer, usable_program


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedTurn:
    """The settings of the server. `kind` None takes what is installed; `folder` holds its configuration."""

    options: TurnOptions
    kind: ServerKind | None
    media_folder: Path
    folder: Path


class TurnCompanion:
    """Keeps the server running."""

    asked_by = "TURN"

    def __init__(self, embedded: EmbeddedTurn) -> None:
        self._embedded = embedded

    def require_program(self) -> None:
        """Raise ProgramUnusable if no server that fits is installed."""
        usable_program(self._embedded.kind, self._embedded.media_folder)

    def register(self, tasks: Supervisor) -> None:
        tasks.repeat("turn", self._run)

    async def _run(self) -> None:
        embedded = self._embedded
        program = await asyncio.to_thread(usable_program, embedded.kind, embedded.media_folder)
        await TurnServer(program, embedded.options, embedded.folder).run()
