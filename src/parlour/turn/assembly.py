"""Assemble the TURN server that runs beside Parlour: a task that is restarted whenever it ends."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter

from parlour.core import Core
from parlour.turn.options import TurnOptions
from parlour.turn.server import ServerKind, TurnServer, usable_program


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedTurn:
    """The settings of the server. `kind` None takes what is installed; `folder` holds its configuration."""

    options: TurnOptions
    kind: ServerKind | None
    media_folder: Path
    folder: Path


class TurnFeature:
    """Registers the server as a task, if the settings ask for one."""

    def __init__(self, core: Core, embedded: EmbeddedTurn | None) -> None:
        self._embedded = embedded
        if embedded is not None:
            core.tasks.repeat("turn", self._run)

    def require_program(self) -> None:
        """Raise TurnServerUnusable if the settings ask for a server and none that fits is installed."""
        if self._embedded is not None:
            usable_program(self._embedded.kind, self._embedded.media_folder)

    async def _run(self) -> None:
        embedded = self._embedded
        if embedded is not None:
            program = await asyncio.to_thread(usable_program, embedded.kind, embedded.media_folder)
            await TurnServer(program, embedded.options, embedded.folder).run()

    def routers(self) -> list[APIRouter]:
        return []

    async def close(self) -> None:
        """Close nothing: the supervisor of tasks has ended the server."""
