"""Modes of files and folders, whatever the mask of the process and whatever was there before."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from parlour.db.private_files import NotPrivate, make_private_file, make_private_folder, require_private


@pytest.fixture(autouse=True)
def _no_mask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_private(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", tmp_path / "data" / "file"
    assert make_private_folder(folder)
    make_private_file(file)
    assert (mode(folder), mode(file)) == (0o700, 0o600)


@pytest.mark.parametrize("before", [0o755, 0o770, 0o777, 0o711])
def test_a_folder_is_put_right(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=before)
    assert make_private_folder(folder)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("before", [0o644, 0o640, 0o666, 0o604])
def test_a_file_is_put_right_and_kept(tmp_path: Path, before: int) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    file.chmod(before)
    require_private(file)
    assert (mode(file), file.read_text()) == (0o600, "kept")
    file.chmod(before)
    make_private_file(file)
    assert (mode(file), file.read_text()) == (0o600, "kept")


def test_what_is_more_than_private_already_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(mode=0o400)
    require_private(file)
    assert mode(file) == 0o400


def test_a_folder_of_everybody_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    with pytest.raises(NotPrivate, match="shared"):
        make_private_folder(folder)
    assert mode(folder) == 0o1777


def test_a_mode_that_cannot_be_changed() -> None:
    """As on file systems that know no modes: nobody, root included, changes that of this file."""
    with pytest.raises(NotPrivate, match="/proc/self/status"):
        require_private(Path("/proc/self/status"))


def test_a_file_that_is_not_there_is_nothing_to_put_right(tmp_path: Path) -> None:
    require_private(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
