"""The image is built from bases that are named exactly, and of files that Docker gets."""

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def test_base_images_are_named_by_their_exact_version() -> None:
    text = DOCKERFILE.read_text()
    arguments = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", text, re.MULTILINE))
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert {base.strip("${}") for base in bases} == set(arguments)
    for image in arguments.values():
        assert re.fullmatch(r"\w+:\d+\.\d+\.\d+-[a-z-]+(@sha256:[0-9a-f]{64})?", image), image


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
    copied = {name.rstrip("/") for line in lines for name in line.split()}
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name in kept or name.partition("/")[0] in kept, f".dockerignore hides {name}"


def test_the_extras_of_the_example_exist_and_are_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in (DOCKERFILE.read_text(), (ROOT / "docs" / "deploy.md").read_text()):
        (extras,) = re.findall(r"EXTRAS(?:=\"|: )((?:recording|s3)[a-z0-9 ]*)", text)
        assert set(extras.split()) <= project["optional-dependencies"].keys()
    constraints = re.findall(r"--constraint (\S+)", DOCKERFILE.read_text())
    locks = "\n".join((ROOT / name).read_text() for name in constraints)
    for needed in chain.from_iterable(project["optional-dependencies"].values()):
        name = re.match(r"[a-z0-9-]+", needed)
        assert name and re.search(rf"^{name[0]}==", locks, re.MULTILINE), needed
