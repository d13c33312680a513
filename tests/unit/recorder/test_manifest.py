"""A manifest outlives its writer: what was written is there, and an entry that was cut off is not."""

from pathlib import Path

import pytest

from parlour.recorder.manifest import (
    FILE,
    FileMixed,
    FolderInUse,
    Manifest,
    ManifestUnreadable,
    PartBegan,
    PartEnded,
    PersonNamed,
    RecorderStarted,
    RecordingEnded,
)


def write(folder: Path) -> None:
    manifest = Manifest.open(folder)
    file = manifest.next_file("camera")
    manifest.add(RecorderStarted(at=10))
    manifest.add(PersonNamed(at=11, identity="7", name="Ann ☀"))
    manifest.add(PartBegan(at=12, file=file, kind="picture", identity="7", source="camera", track="TR_1"))
    manifest.close()


def test_the_next_recorder_goes_on(tmp_path: Path) -> None:
    write(tmp_path)
    manifest = Manifest.open(tmp_path)
    manifest.add(RecorderStarted(at=20))
    (part,) = manifest.contents.parts.values()
    assert (manifest.contents.began, part.ended, manifest.contents.names) == (10, None, {"7": "Ann ☀"})
    assert manifest.next_file("camera") != part.began.file
    manifest.add(PartEnded(at=21, file=part.began.file))
    manifest.add(RecordingEnded(at=22, reason="asked"))
    manifest.add(FileMixed(at=23, file="mixed.webm"))
    manifest.close()
    last = Manifest.open(tmp_path)
    assert (part.ended, last.contents.mixed) == (21, "mixed.webm")
    assert last.contents.end == RecordingEnded(at=22, reason="asked")
    last.close()


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_an_entry_that_a_crash_cut_off_is_gone(tmp_path: Path, cut: int) -> None:
    write(tmp_path)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-cut])
    manifest = Manifest.open(tmp_path)
    assert manifest.contents.parts == {}
    manifest.add(PersonNamed(at=30, identity="8", name="Bob"))
    manifest.close()
    again = Manifest.open(tmp_path)
    assert again.contents.names == {"7": "Ann ☀", "8": "Bob"}
    again.close()


def test_one_recorder_records_into_a_folder(tmp_path: Path) -> None:
    first = Manifest.open(tmp_path)
    with pytest.raises(FolderInUse):
        Manifest.open(tmp_path)
    first.close()
    Manifest.open(tmp_path).close()


@pytest.mark.parametrize(
    "text", [b"\0\n", b"{}\n", b'{"entry":"of-later","at":1}\n', b'{"entry":"started"}\n']
)
def test_what_is_no_manifest_is_left_alone(tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(ManifestUnreadable):
        Manifest.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == text
