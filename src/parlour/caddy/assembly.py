"""Assemble Caddy in front of Parlour: a task that is restarted whenever it ends."""

import asyncio

from parlour.caddy.certificates import lead_links_to_issued
from parlour.caddy.configuration import CaddyOptions
from parlour.caddy.server import Caddy, find_caddy
from parlour.tasks import Supervisor

LOOK_SECONDS = 2.0
"""The time between two looks for a certificate of another authority, such as the first one."""


class CaddyCompanion:
    """Keeps Caddy running, and the links to its certificate up to date."""

    asked_by = "DOMAIN"

    def __init__(self, options: CaddyOptions) -> None:
        self._options = options

    def require_program(self) -> None:
        """Raise ProgramUnusable if Caddy is not installed."""
        find_caddy(self._options.programs)

    def register(self, tasks: Supervisor) -> None:
        tasks.repeat("caddy", Caddy(self._options).run)
        tasks.every(LOOK_SECONDS, "caddy.certificate", self._lead_links)

    async def _lead_links(self) -> None:
        await asyncio.to_thread(lead_links_to_issued, self._options.folder, self._options.domain)
