"""Make imports cheap: most of a start is imports.

A library often tries to import a package that it can do without: structlog tries rich for tracebacks that
Parlour does not log, PyJWT tries cryptography for algorithms that Parlour does not accept. Where such
packages are installed, as in a development environment, importing them takes a tenth of a start.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED_PACKAGES = (
    "attr",
    "better_exceptions",
    "colorama",
    "cryptography",
    "email_validator",
    "rich",
    "watchfiles",
    "yaml",
)


@contextmanager
def lean_imports() -> Iterator[None]:
    """Import without UNUSED_PACKAGES and without garbage collections, which find nothing in new modules."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # pydantic looks for them in every installed package
    collects = gc.isenabled()
    gc.disable()
    try:
        with without_packages(UNUSED_PACKAGES):
            yield
    finally:
        if collects:
            gc.enable()


def import_fastapi() -> None:
    """Import FastAPI; its models of an OpenAPI document are built with the first document, in a thread."""
    from pydantic import BaseModel

    BaseModel.model_config["defer_build"] = True
    try:
        import fastapi.openapi.models  # noqa: F401 - for its later importers
    finally:
        del BaseModel.model_config["defer_build"]


@contextmanager
def without_packages(names: tuple[str, ...]) -> Iterator[None]:
    """Have imports of `names` raise ModuleNotFoundError within the block, unless already imported."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None hides a module
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
