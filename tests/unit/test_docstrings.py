"""Docstrings say as sentences what the code cannot (CONTRIBUTING.md, docs/glossary.md).

A docstring begins with a verb or a noun: one that begins with a question word or a bare preposition has to
be decoded first. The docstrings of commands are their help: they are texts for users and follow other rules.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "parlour"
DONE = (
    "*.py",
    "accounts",
    "audit",
    "caddy",
    "calls",
    "chat",
    "cli",
    "db",
    "doctor",
    "engine",
    "events",
    "http",
    "limits",
    "mail",
    "privacy",
    "recorder",
    "rooms",
    "scheduling",
    "turn",
    "wire",
)
"""The files and folders of src/parlour whose docstrings are held to the rule: all of them."""
OUTSIDE = (
    "bench/*.py",
    "bench/mesh",
    "bench/siege",
    "bench/workloads",
    "tests/*.py",
    "tests/attacks",
    "tests/contract",
    "tests/e2e",
    "tests/engine",
    "tests/fuzz",
    "tests/integration",
    "tests/servers",
    "tests/soak",
    "tests/unit",
    "tools/*",
)
"""The same outside src/parlour. Tests say in their names what they prove: their files are left out, as are
the programs of tests/clients, which stand for strangers' code.
"""
MIGRATIONS = SOURCE / "db" / "migrations" / "versions"

OPENINGS = ("What", "Who", "Whoever", "Whose", "Whom", "Whether", "How")
PREPOSITIONS = ("Of", "By", "With", "Without", "As", "For", "From", "At", "In", "On", "To", "Until", "Within")
RIDDLES = ("of those that", "those who", "somebody", "whoever")
DECORATORS = ("command", "group")
"""Parts of the names of decorators of commands."""


def files() -> list[Path]:
    source = [file for file in matches(SOURCE, DONE) if MIGRATIONS not in file.parents]
    return source + [file for file in matches(ROOT, OUTSIDE) if is_covered(file)]


def matches(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def is_covered(file: Path) -> bool:
    """False for tests, for scripts in other languages and for empty files, which only mark a package."""
    text = file.read_text(encoding="utf-8")
    is_python = file.suffix == ".py" or text.startswith("#!/usr/bin/env python3")
    return is_python and text != "" and not file.name.startswith("test_")


def docstrings(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each docstring, those of constants included."""
    name, tree = file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_text_for_users(node):
            continue
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield f"{name}:{statement.lineno}", value.value


def is_text_for_users(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(word in decorator for decorator in decorators for word in DECORATORS)


def is_explained_by_a_text(node: ast.ClassDef) -> bool:
    """True for refusals, whose sentence is in the catalogue of texts under their `code`; and for the wire's
    types, whose text is data (`__doc__ = …`) where their members do not say it.
    """
    names = [
        target.id
        for item in node.body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name)
    ]
    return "code" in names or "__doc__" in names


def is_body(node: ast.ClassDef) -> bool:
    """True for bodies of HTTP and members of events, whose members and users say what they are."""
    return not {"Body", "CamelBody", "LinkToken", "Payload"}.isdisjoint(map(ast.unparse, node.bases))


def fault(docstring: str) -> str | None:
    """Name the rule that a docstring breaks; None where it breaks none."""
    first = re.split(r"\W", docstring.strip(), maxsplit=1)[0]
    if first in OPENINGS:
        return f"begins with {first!r}"
    if first in PREPOSITIONS:
        return f"begins with the preposition {first!r}"
    riddle = next((words for words in RIDDLES if re.search(rf"\b{words}\b", docstring, re.IGNORECASE)), None)
    return None if riddle is None else f"says {riddle!r}"


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_docstrings_are_sentences(file: Path) -> None:
    faults = [f"{place} {why}" for place, text in docstrings(file) if (why := fault(text)) is not None]

    assert faults == []


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_modules_and_public_classes_have_docstrings(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    missing = [
        node.name
        for node in classes
        if ast.get_docstring(node) is None and not is_explained_by_a_text(node) and not is_body(node)
    ]

    assert ast.get_docstring(tree), "the module has no docstring"
    assert missing == []


@pytest.mark.parametrize(
    "docstring",
    [
        "What a caller may do.",
        "Whether it is over.",
        "Of a visit from before this server's start.",
        "By username or by email.",
        "Remember the oldest of those that ended.",
    ],
)
def test_riddles_are_found(docstring: str) -> None:
    assert fault(docstring) is not None


def test_sentences_pass() -> None:
    assert fault("Return the newest rows. Raises RateLimited.") is None
