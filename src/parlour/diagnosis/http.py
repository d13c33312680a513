"""The HTTP endpoints of diagnosis: administrators run `parlour doctor` and read what it has found."""

from typing import Annotated

from fastapi import APIRouter, Depends

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.diagnosis.administrators import Administrators
from parlour.diagnosis.doctor_runs import DoctorRuns
from parlour.diagnosis.refusals import NotAnAdministrator
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import Diagnosis, DiagnosisPermission, DoctorFinding


def diagnosis_routes(
    *, runs: DoctorRuns, administrators: Administrators, identification: Identification
) -> APIRouter:
    router = APIRouter(tags=["server"])
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]

    @router.get(
        "/diagnosis/permission",
        **endpoint(
            CallerKind.CALLER,
            description="Whether the caller administers the server, so that a client offers its diagnosis.",
        ),
    )
    async def permission(caller: Caller) -> DiagnosisPermission:
        return DiagnosisPermission(allowed=administrators.include(caller))

    @router.get(
        "/diagnosis",
        **endpoint(
            CallerKind.CALLER,
            NotAnAdministrator,
            description="What `parlour doctor` has found on this server the last time, for administrators.",
        ),
    )
    async def diagnosis(caller: Caller) -> Diagnosis:
        administrators.require(caller)
        return _answer(runs)

    @router.post(
        "/diagnosis",
        **endpoint(
            CallerKind.WRITER,
            NotAnAdministrator,
            description=(
                "Run `parlour doctor` on this server, for administrators. One run at a time: while one is "
                "under way, this starts no other."
            ),
        ),
    )
    async def diagnose(caller: Writer) -> Diagnosis:
        administrators.require(caller)
        runs.start()
        return _answer(runs)

    return router


def _answer(runs: DoctorRuns) -> Diagnosis:
    state = runs.state
    return Diagnosis(
        running_since=state.running_since,
        ended_at=state.ended_at,
        findings=[
            DoctorFinding(check=found.check, verdict=found.verdict, says=found.says, todo=found.todo)
            for found in state.findings
        ],
    )
