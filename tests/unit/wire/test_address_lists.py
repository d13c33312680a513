"""Lists as mail programs write them; the web client's tests read the same cases."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.wire.address_lists import address_entries
from parlour.wire.addresses import parsed_email

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("address_lists.json").read_text())


def _is_email(text: str) -> bool:
    try:
        parsed_email(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_addresses_are_found_and_what_is_none_is_named(case: dict[str, Any]) -> None:
    entries = address_entries(case["text"])
    emails = [entry.address for entry in entries if _is_email(entry.address)]
    others = [entry.text for entry in entries if not _is_email(entry.address)]
    assert (emails, others) == (case["emails"], case["others"])


@given(st.text(alphabet='ab@.<>"(),;:\\ \n\t', max_size=80))
def test_nothing_that_is_written_gets_lost_without_a_word(text: str) -> None:
    assert address_entries(text)


@pytest.mark.parametrize("piece", ['"', "(", "<", '\\"', '"\\', "a@b ", ":", "Doe, ", "<a>"])
def test_a_list_that_never_closes_what_it_opens_has_as_many_entries_as_it_can(piece: str) -> None:
    assert len(address_entries(piece * 400)) <= 400
