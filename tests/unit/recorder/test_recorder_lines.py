"""What the recorder is told is checked before anything is done."""

import msgspec
import pytest

from parlour.recorder_lines import Instruction, RecordingRequest


@pytest.mark.parametrize(
    "mixed",
    ['{"width": 1281}', '{"width": 0}', '{"height": 100000}', '{"frames_per_second": 0}', '{"depth": 3}'],
)
def test_a_picture_that_cannot_be_made_is_refused(mixed: str) -> None:
    text = f'{{"url": "ws://sfu", "token": "t", "folder": "f", "mixed": {mixed}}}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=RecordingRequest)


@pytest.mark.parametrize("text", ["", "[]", '{"finish": 1}', '{"finnish": true}', '{"names": {"7": 7}}'])
def test_what_is_no_instruction_is_refused(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text, type=Instruction)
