"""Texts for people are data: all are there, and `python -OO`, which strips docstrings, keeps them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import parlour
from parlour.errors import Refusal
from parlour.texts import FIELD_FAULTS, REFUSALS

ENGLISH = Path(__file__).parents[2] / "web" / "src" / "texts" / "en.json"
DOCUMENT = """
import json, sys
from pathlib import Path
from parlour.app import Parlour
from parlour.http.openapi import openapi
from parlour.settings import Settings
from parlour.texts import REFUSALS
from parlour.wire.asyncapi import asyncapi

parlour = Parlour(Settings(data_dir=Path(sys.argv[1]), _env_file=None), port=8000)
documents = {"openapi": openapi(parlour.fastapi, base_path=""), "asyncapi": asyncapi(version="1")}
json.dump({"refusals": dict(REFUSALS), **documents}, sys.stdout)
"""
"""Prints the sentences of refusals, and the documents of the HTTP API and of signaling."""


def all_refusals() -> set[type[Refusal]]:
    for module in walk_packages(parlour.__path__, "parlour."):
        if module.name.rpartition(".")[2] in ("refusals", "errors"):
            import_module(module.name)
    return {
        kind for kind in _below(Refusal) if kind.__module__.startswith("parlour.") and "code" in vars(kind)
    }


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for refusal in kind.__subclasses__():
        yield refusal
        yield from _below(refusal)


def test_every_refusal_has_a_text_and_every_text_a_refusal() -> None:
    codes = [kind.code for kind in all_refusals()]
    assert len(codes) == len(set(codes)), "a code is one refusal's"
    assert set(codes) == set(REFUSALS)


def test_the_web_client_has_the_same_sentences_to_translate() -> None:
    """It shows the server's own sentences in English, and those of its catalogues in other languages."""
    catalogue = json.loads(ENGLISH.read_text(encoding="utf-8"))
    prefix = "refusal."
    sentences = {key.removeprefix(prefix): text for key, text in catalogue.items() if key.startswith(prefix)}
    assert sentences == {**REFUSALS, **FIELD_FAULTS}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_text_is_a_sentence_on_one_line(code: str) -> None:
    text = REFUSALS[code]
    assert text == " ".join(text.split())
    assert text[0].isupper()
    assert text.endswith((".", "?", "!"))


def printed(folder: Path, *flags: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, *flags, "-c", DOCUMENT, str(folder)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_without_docstrings_people_read_the_same(tmp_path: Path) -> None:
    stripped = printed(tmp_path, "-OO")
    assert stripped == printed(tmp_path)
    assert stripped["refusals"] == REFUSALS
    described = [
        (path, method)
        for path, operations in stripped["openapi"]["paths"].items()
        for method, operation in operations.items()
        if not operation.get("description")
    ]
    assert described == [], "an endpoint without a description"
