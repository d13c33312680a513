"""Puts the domain of events together: attendance, its routes and its task."""

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.core import Core
from parlour.events.attendance import AttendanceLog
from parlour.events.http import event_routes


class EventsFeature:
    """Builds the attendance log, its task and its routes."""

    def __init__(self, core: Core, accounts: AccountsFeature) -> None:
        self._accounts = accounts
        self.attendance = AttendanceLog(core.node_id, database=core.database, clock=core.clock)
        core.tasks.repeat("attendance", self.attendance.step)
        core.tasks.repeat_on_one_node("attendance of the dead", self.attendance.close_rows_of_the_dead)

    def routers(self) -> list[APIRouter]:
        return [
            event_routes(
                attendance=self.attendance,
                sessions=self._accounts.sessions,
                identification=self._accounts.identification,
            )
        ]

    async def close(self) -> None:
        await self.attendance.aclose()
