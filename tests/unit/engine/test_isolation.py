"""The engine imports nothing else of Parlour; its core imports no network and no event loop."""

import ast
from pathlib import Path

import pytest

import parlour.engine

FILES = sorted(Path(parlour.engine.__file__).parent.glob("*.py"))
CORE = {
    "packets",
    "messages",
    "session",
    "timerwheel",
    "mailbox",
    "connection",
    "application",
    "options",
    "plain_upgrade",
}
IMPURE = {"asyncio", "uvicorn", "picows", "socket", "time", "uvloop"}


def imported(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_stays_within_its_bounds(path: Path) -> None:
    for module in imported(path):
        if module.startswith("parlour"):
            assert module.startswith("parlour.engine")
        if path.stem in CORE:
            assert module.partition(".")[0] not in IMPURE
