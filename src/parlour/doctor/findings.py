"""Findings of checks, and the run of all checks, each within its time."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

CHECK_SECONDS = 20.0


class Verdict(StrEnum):
    """A failure makes `doctor` fail; a warning does not."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on what is, and for a warning or a failure one on what to do."""

    check: str
    verdict: Verdict
    says: str
    todo: str = ""

    def as_data(self) -> dict[str, Any]:
        return {name: str(value) for name, value in asdict(self).items()}

    def lines(self) -> list[str]:
        marks = {Verdict.OK: "ok", Verdict.WARNING: "warn", Verdict.FAILED: "FAIL", Verdict.SKIPPED: "-"}
        found = [f"{marks[self.verdict]:>4}  {self.check}: {self.says}"]
        return [*found, f"      {self.todo}"] if self.todo else found


class Check(Protocol):
    """One part of a server, which may be in order or not. A faulty set-up lets `run` raise nothing."""

    name: str

    async def run(self) -> list[Finding]: ...


class Report:
    """The findings of one check, by its name."""

    def __init__(self, check: str) -> None:
        self._check = check
        self.findings: list[Finding] = []

    def ok(self, says: str) -> None:
        self.findings.append(Finding(self._check, Verdict.OK, says))

    def skipped(self, says: str) -> None:
        self.findings.append(Finding(self._check, Verdict.SKIPPED, says))

    def warn(self, says: str, todo: str) -> None:
        self.findings.append(Finding(self._check, Verdict.WARNING, says, todo))

    def fail(self, says: str, todo: str) -> None:
        self.findings.append(Finding(self._check, Verdict.FAILED, says, todo))


async def run_checks(checks: Sequence[Check]) -> list[Finding]:
    """Run all checks at once; findings come in the order of the checks."""
    found = await asyncio.gather(*(_run(check) for check in checks))
    return [finding for findings in found for finding in findings]


async def _run(check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check.run()
    except TimeoutError:
        report = Report(check.name)
        report.fail(
            f"it has not answered within {CHECK_SECONDS:.0f} seconds.",
            "See whether a firewall drops what is sent there, or whether the machine is overloaded.",
        )
        return report.findings
    except Exception as error:  # what nobody foresaw in one check is no reason to hide the others
        report = Report(check.name)
        report.fail(
            f"the check itself has failed ({type(error).__name__}).",
            "See whether a setting that it is about has an unusual value, and report it as a bug of Parlour.",
        )
        return report.findings


def is_well(findings: Sequence[Finding]) -> bool:
    """True if nothing has failed; warnings do not count."""
    return all(finding.verdict is not Verdict.FAILED for finding in findings)
