"""Assemble Caddy in front of Parlour: a task that is restarted whenever it ends."""

from fastapi import APIRouter

from parlour.caddy.configuration import CaddyOptions
from parlour.caddy.server import Caddy, find_caddy
from parlour.core import Core


class CaddyFeature:
    """Registers Caddy as a task, if the settings name a domain."""

    def __init__(self, core: Core, options: CaddyOptions | None) -> None:
        self._options = options
        if options is not None:
            core.tasks.repeat("caddy", Caddy(options).run)

    def require_program(self) -> None:
        """Raise CaddyMissing if the settings name a domain and Caddy is not installed."""
        if self._options is not None:
            find_caddy(self._options.programs)

    def routers(self) -> list[APIRouter]:
        return []

    async def close(self) -> None:
        """Close nothing: the supervisor of tasks has ended Caddy."""
