"""Recipes of docs/recipes are followed to the letter, in a copy of the checkout; their tests pass there."""

import asyncio
import os
import re
import signal
import sysconfig
import venv
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.checkout import ROOT, copy_checkout
from tests.servers.process import dying_with_parent

RECIPES = ("endpoint", "event")
MOST_FILES = 4
PATIENCE_SECONDS = 280
_STEP = re.compile(
    r"(?P<where>(?:In|A new file,) [^\n]*(?:\n(?!```)[^\n]*)*?)\n*\n```python\n(?P<code>.*?)```\n", re.DOTALL
)
_PLACE = re.compile(r"(?P<how>before|after|replace) the line `(?P<line>.*)`:", re.DOTALL)


@dataclass
class Recipe:
    """`files` are those that it has touched, `tests` those that are new."""

    text: str
    files: set[str] = field(default_factory=set)
    tests: list[str] = field(default_factory=list)

    def follow(self, checkout: Path) -> None:
        name = ""
        for step in _STEP.finditer(self.text):
            where = step["where"].rpartition("\n\n")[2]
            if where.startswith("A new file"):
                name = self._named(where)
                self.tests.append(name)
                (checkout / name).write_text(step["code"], encoding="utf-8")
            else:
                name = name if "n the same file" in where else self._named(where)
                self._change(checkout / name, where, step["code"])
            self.files.add(name)

    def _named(self, where: str) -> str:
        found = re.search(r"`((?:src|tests|web)/[^`]+)`", where)
        assert found, where
        return found[1]

    def _change(self, file: Path, where: str, code: str) -> None:
        place = _PLACE.search(where)
        assert place, where
        text = file.read_text(encoding="utf-8")
        line = f"{place['line']}\n"
        assert text.count(f"\n{line}") == 1, f"{file.name} has not exactly one line {line!r}"
        before, _, after = text.partition(f"\n{line}")
        new = {"before": code + line, "after": line + code, "replace": code}[place["how"]]
        file.write_text(f"{before}\n{new}{after}", encoding="utf-8")


def environment_of(checkout: Path) -> Path:
    """A virtual environment whose `parlour` is the copy's; the packages are those of the checkout."""
    folder = checkout / ".venv"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    paths = (checkout / "src", Path(sysconfig.get_path("purelib")))
    (packages / "copy.pth").write_text("".join(f"{path}\n" for path in paths))
    program = folder / "bin" / "parlour"
    program.write_text(f"#!{folder / 'bin' / 'python'}\nfrom parlour.__main__ import main\n\nmain()\n")
    program.chmod(0o755)
    return folder / "bin" / "python"


async def run(*command: str | Path, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=dying_with_parent(signal.SIGTERM),
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_touches_few_files(name: str, tmp_path: Path) -> None:
    recipe = Recipe((ROOT / "docs" / "recipes" / f"{name}.md").read_text(encoding="utf-8"))
    recipe.follow(copy_checkout(tmp_path / "parlour"))
    assert recipe.tests
    assert len(recipe.files) <= MOST_FILES, recipe.files


async def test_the_tests_of_the_recipes_pass(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "parlour")
    recipes = [
        Recipe((ROOT / "docs" / "recipes" / f"{name}.md").read_text(encoding="utf-8")) for name in RECIPES
    ]
    for recipe in recipes:
        recipe.follow(checkout)
    python = environment_of(checkout)
    await run(python, "-m", "parlour.wire.export", folder=checkout)
    await run(python, "-m", "parlour.dev_proxies", "--check", folder=checkout)
    tests = [name for recipe in recipes for name in recipe.tests]
    await run(python, "-m", "pytest", "-p", "no:cacheprovider", *tests, "tests/unit/wire", folder=checkout)
