"""Puts the domain of diagnosis together: runs of `parlour doctor`, and their routes."""

import platform
from dataclasses import dataclass

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.core import Core
from parlour.diagnosis.administrators import Administrators
from parlour.diagnosis.doctor_runs import DoctorCommand, DoctorRuns
from parlour.diagnosis.http import diagnosis_routes
from parlour.diagnosis.shared_runs import SharedRuns


@dataclass(frozen=True, slots=True)
class DiagnosisOptions:
    """Who administers the server, and how `parlour doctor` is run."""

    administrators: Administrators
    command: DoctorCommand


class DiagnosisFeature:
    """Builds the runs and their routes."""

    def __init__(self, core: Core, accounts: AccountsFeature, options: DiagnosisOptions) -> None:
        self._accounts = accounts
        self._administrators = options.administrators
        self._runs = DoctorRuns(options.command, clock=core.clock)
        SharedRuns(self._runs, core.messages, host=platform.node())

    def routers(self) -> list[APIRouter]:
        return [
            diagnosis_routes(
                runs=self._runs,
                administrators=self._administrators,
                identification=self._accounts.identification,
            )
        ]

    async def close(self) -> None:
        """End a run that is under way."""
        await self._runs.close()
