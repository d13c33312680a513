"""A copy of this checkout that tests may change; it shares the products of `make setup`."""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BUILD = Path("src", "parlour", "_web")
_MADE = (".dev", ".env", ".hypothesis", ".tools", ".venv", "__pycache__", "_web", "data", "node_modules")
_NOT_COPIED = shutil.ignore_patterns(".git", ".*_cache", "test-results", *_MADE)


def copy_checkout(to: Path) -> Path:
    """Copy the checkout to `to`.

    The copy has its own node_modules folder, since Vite's cache is in it, with links to the packages.
    """
    shutil.copytree(ROOT, to, ignore=_NOT_COPIED)
    (to / _BUILD).symlink_to(ROOT / _BUILD)
    modules = to / "web" / "node_modules"
    modules.mkdir()
    for package in (ROOT / "web" / "node_modules").iterdir():
        if package.name != ".vite":
            (modules / package.name).symlink_to(package)
    clients = Path("tests", "clients", "node_modules")
    (to / clients).symlink_to(ROOT / clients)
    return to


def environment(checkout: Path, home: Path) -> dict[str, str]:
    """Return the variables that make a program of .venv run the code of the copy."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": programs, "HOME": str(home), "PYTHONPATH": f"{checkout / 'src'}{os.pathsep}{checkout}"}
