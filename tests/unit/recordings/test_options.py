"""The settings say whether a server records, and why not."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parlour.errors import Refusal
from parlour.options import Options
from parlour.recordings.installed import has_recorder
from parlour.recordings.refusals import RecorderNotInstalled, RecordingNeedsSfu, RecordingTurnedOff
from parlour.settings import Settings

SFU = {"livekit_url": "wss://sfu.example.org", "livekit_key": "key", "livekit_secret": "s" * 40}


def options(folder: Path, **values: Any) -> Options:
    return Options(Settings(data_dir=folder, secret_key="s" * 40, _env_file=None, **values), port=8000)


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, RecordingNeedsSfu),
        ({"recordings_at_once": 0, **SFU}, RecordingTurnedOff),
        (SFU, RecorderNotInstalled),
    ],
)
def test_a_server_that_cannot_record_runs_no_recorders(
    tmp_path: Path, values: dict[str, Any], refused: type[Refusal]
) -> None:
    assert not has_recorder(), "the packages of the recorder are in a folder of their own"
    found = options(tmp_path, **values)
    assert (found.recordings().limits.refused, found.recordings().runs) == (refused, False)
    assert not found.configuration().recording


def test_one_that_can_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [tmp_path / "packages" / name for name in ("av", "numpy", "PIL", "livekit/rtc")]
    for package in packages:
        package.mkdir(parents=True)
        if package.name != "rtc":
            (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    found = options(tmp_path, **SFU)
    assert found.recordings().runs
    assert found.configuration().recording


def test_files_are_kept_in_the_data_folder_for_a_month(tmp_path: Path) -> None:
    found = options(tmp_path).recordings()
    assert found.folder == tmp_path / "recordings"
    assert found.limits.kept_for == timedelta(days=30)
    other = options(tmp_path, recording_dir=tmp_path / "x", recording_retention_days=0).recordings()
    assert (other.folder, other.limits.kept_for) == (tmp_path / "x", None)
