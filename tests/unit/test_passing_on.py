"""What fails in a test fails the test: nothing that it is inside of swallows it.

A context manager that has `suppress(…)` or an `except` around its `yield` hides what its caller raises. So
did the raw sockets of these tests: when the server closed one, the rest of a test did not run, and it passed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [file for part in ("tests", "bench", "src") for file in sorted((ROOT / part).rglob("*.py"))]


def swallowed(tree: ast.Module) -> Iterator[int]:
    """Yield the line of each place in a context manager or fixture that keeps exceptions of its caller."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and lends(function):
            for node in ast.walk(function):
                if isinstance(node, ast.With | ast.AsyncWith) and yields(node.body):
                    if any("suppress(" in ast.unparse(item.context_expr) for item in node.items):
                        yield node.lineno
                elif isinstance(node, ast.Try) and yields(node.body):
                    yield from (handler.lineno for handler in node.handlers if not raises(handler))


def lends(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = map(ast.unparse, function.decorator_list)
    return any("contextmanager" in decorator or "fixture" in decorator for decorator in decorators)


def yields(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Yield) for statement in body for node in ast.walk(statement))


def raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def test_context_managers_pass_on_what_is_raised_in_them() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in FILES
        for line in swallowed(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert len(FILES) > 100
    assert found == []


@pytest.mark.parametrize(
    "body",
    [
        "with suppress(OSError):\n  yield",
        "async with open_socket() as socket, suppress(OSError):\n  yield socket",
        "try:\n  yield\n except OSError:\n  pass",
    ],
)
def test_one_that_does_not_is_found(body: str) -> None:
    source = f"@asynccontextmanager\nasync def lent():\n {body}\n"

    assert list(swallowed(ast.parse(source)))
