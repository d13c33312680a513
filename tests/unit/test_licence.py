"""Whoever installs Parlour can read by which licence, in both manifests and as the official text."""

import json
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_both_manifests_name_the_licence_whose_text_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    web = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    assert project["license"] == web["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_the_image_is_built_with_the_licence() -> None:
    """A wheel cannot be built without the files that `license-files` names."""
    assert "!LICENSE" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "COPY README.md LICENSE ./" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_installed_package_says_it_too() -> None:
    assert metadata.metadata("parlour")["License-Expression"] == "Apache-2.0"
