"""What docs/security.md says of tests is so: they exist, and every requirement of ASVS has its line."""

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "docs" / "security.md", ROOT / "docs" / "reliability.md"]

# How many requirements of levels 1 and 2 OWASP ASVS 5.0 has by section, save V10 (OAuth and OIDC): the first
# ones of each.
# fmt: off
REQUIREMENTS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 11, "6.3": 3, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}
# fmt: on

_NAMED = re.compile(r"`((?:tests|web/src)/[^`\s]+?)?(?:::(\w+))?`")
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def named_tests(text: str) -> list[tuple[str, str]]:
    """`::test_name` alone goes with the file that was named before it in the same line."""
    found = []
    for line in text.splitlines():
        path = ""
        for match in _NAMED.finditer(line):
            path = match[1] or path
            if match[1] or match[2]:
                found.append((path, match[2] or ""))
    return found


def rows() -> list[tuple[list[str], str]]:
    text = DOCUMENTS[0].read_text(encoding="utf-8").partition("## OWASP ASVS")[2]
    return [(match[1].split(", "), match[3].strip()) for match in _ROW.finditer(text)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_tests_that_it_names_exist(document: Path) -> None:
    named = named_tests(document.read_text(encoding="utf-8"))
    assert len(named) > 5
    missing = [
        f"{path}::{test}" if test else path
        for path, test in named
        if not path
        or not (ROOT / path).exists()
        or (test and not re.search(rf"^(?:async )?def {test}\(", (ROOT / path).read_text(), re.MULTILINE))
    ]
    assert not missing


def test_every_requirement_has_one_line() -> None:
    listed = [*chain.from_iterable(numbers for numbers, _ in rows())]
    expected = [
        f"{section}.{number}" for section, count in REQUIREMENTS.items() for number in range(1, count + 1)
    ]
    assert sorted(listed) == sorted(expected)


def test_every_line_has_a_proof_or_says_why_not() -> None:
    """A test, a check, a document, or somebody else's part; what is lacking is said to be."""
    ways = ("`tests/", "`web/src/", "`make ", "not applicable because ", "documented ", "**not met**")
    # What no test can show: whose libraries, and what is in the hands of whoever runs it.
    told = {"11.2.1", "13.2.1", "16.4.2"}
    without = [numbers for numbers, proof in rows() if not any(way in proof for way in ways)]
    assert [numbers for numbers in without if numbers[0] not in told] == []
