"""A Parlour that can record calls, and what its recorders have begun to write."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.servers.checkout import ROOT

PACKAGES = ROOT / ".tools" / "recording"
"""The packages of the extra `recording` (`make test-packages`)."""
WITHIN_SECONDS = 240


def with_recorder(settings: Mapping[str, str | int]) -> dict[str, str | int]:
    """Return the settings of a server whose recorders find the packages of the extra."""
    return {**settings, "PYTHONPATH": os.fspath(PACKAGES)}


async def begun_parts(manifest: Path, count: int) -> list[dict[str, Any]]:
    """Wait until so many files of tracks have been begun."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while len(begun := _begun(manifest)) < count:  # noqa: ASYNC110 - a file announces no growth
            await asyncio.sleep(0.05)
    return begun


async def begun_by(manifest: Path, name: str) -> None:
    """Wait until a picture and sound of a person are written."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not {"picture", "sound"} <= _kinds_of(name, entries(manifest)):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


def entries(manifest: Path) -> list[dict[str, Any]]:
    """Return the lines that are whole."""
    whole, _, _ = manifest.read_bytes().rpartition(b"\n") if manifest.exists() else (b"", b"", b"")
    return [msgspec.json.decode(line) for line in whole.splitlines()]


def _begun(manifest: Path) -> list[dict[str, Any]]:
    return [one for one in entries(manifest) if one["entry"] == "part-began"]


def _kinds_of(name: str, found: list[dict[str, Any]]) -> set[str]:
    people = {one["identity"] for one in found if one["entry"] == "named" and one["name"] == name}
    return {one["kind"] for one in found if one["entry"] == "part-began" and one["identity"] in people}
