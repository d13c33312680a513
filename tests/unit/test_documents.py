"""The documents name what there is: files that they link to, and classes of the glossary."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), ROOT / "tests" / "README.md", *(ROOT / "docs").rglob("*.md")]
_GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    links = _LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_command_for_one_unit_test_selects_one() -> None:
    commands = re.findall(
        r"pytest (tests/unit/\S+\.py) -k (\w+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    )
    assert commands
    for name, word in commands:
        assert re.search(rf"def test_\w*{word}", (ROOT / name).read_text("utf-8")), name


def test_every_class_of_the_glossary_exists() -> None:
    sources = [*(ROOT / "src" / "parlour").rglob("*.py"), *(ROOT / "web" / "src").rglob("*.ts")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    defined = set(re.findall(r"^(?:export )?(?:class|interface|type) (\w+)", text, re.MULTILINE))
    defined |= set(re.findall(r"^(\w+) = (?:NewType\(|\w+ \| )", text, re.MULTILINE))
    named = set(
        re.findall(r"`(?:engine\.)?([A-Z][a-z]+[A-Z]\w+|Room|Role|Mesh|Member|Participation)\b", _GLOSSARY)
    )
    assert len(named) > 30
    assert named <= defined, sorted(named - defined)


def test_every_module_of_the_glossary_exists() -> None:
    named = re.findall(r"`((?:web/)?[a-z_/-]+/[a-z_/.-]+)`", _GLOSSARY)
    assert len(named) > 10
    places = {
        name: (ROOT / name if name.startswith("web/") else ROOT / "src" / "parlour" / name) for name in named
    }
    missing = [
        name for name, place in places.items() if not (place.exists() or place.with_suffix(".py").exists())
    ]
    assert missing == []
