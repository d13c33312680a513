"""Programs that run beside Parlour if the settings ask for them: Caddy, a TURN server, and an SFU.

Each is required at the start, and kept running by the supervisor of tasks, which ends it with Parlour.
"""

from typing import Protocol

from parlour.tasks import Supervisor


class ProgramUnusable(Exception):
    """A program that is asked for cannot be run: `says` what is wrong, and `todo` what helps.

    Both are parts of a sentence.
    """

    def __init__(self, says: str, todo: str) -> None:
        super().__init__(f"{says}; {todo}")
        self.says, self.todo = says, todo


class Companion(Protocol):
    """A program beside Parlour; `asked_by` is the setting that asks for it, without its prefix."""

    @property
    def asked_by(self) -> str: ...

    def require_program(self) -> None:
        """Raise ProgramUnusable if it is not installed, or does not fit."""

    def register(self, tasks: Supervisor) -> None:
        """Register what keeps it running."""
