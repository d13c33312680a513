"""A start imports what it needs and no more."""

import subprocess
import sys

import pytest

from parlour.lean_imports import UNUSED_PACKAGES, lean_imports, without_packages

LATER = {
    "alembic",
    "email_validator",
    "jinja2",
    "psycopg",
    "pydantic.v1",
    "redis",
    "sqlalchemy.dialects.postgresql",
    "zxcvbn",
}
"""Packages of the database that is not in use, of the first mail, address or password, of a migration."""
OF_SFUS = (
    "aiohttp",
    "av",
    "google.protobuf",
    "livekit",
    "parlour.calls.call_recordings",
    "parlour.http.tunnel",
    "parlour.recordings.recorders",
    "parlour.sfu.feature",
)
"""What is imported where there are SFUs, and LiveKit's library when the first one is asked."""
OF_HELP = {"asyncio", "fastapi", "pydantic", "sqlalchemy", "structlog", "uvicorn"}

START = """
import parlour.__main__
from parlour.lean_imports import import_fastapi, lean_imports
with lean_imports():
    import_fastapi()
    import parlour.serve
    from parlour.settings import Settings
settings = Settings(database_url="sqlite:////dev/null/none.db", secret_key="0123456789" * 4)
parlour.serve.Parlour(settings, port=0).asgi()
"""


def _printed(program: str) -> list[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def _imported(program: str) -> set[str]:
    return set(_printed(f"{program}\nimport sys; print(*sys.modules)"))


def test_a_start_imports_no_package_of_later() -> None:
    modules = _imported(START)
    assert "parlour.app" in modules
    assert modules & (LATER | set(UNUSED_PACKAGES)) == set()


def _loads_for_sfus(modules: set[str]) -> list[str]:
    dotted = {f"{module}." for module in modules}
    return [name for name in OF_SFUS if any(module.startswith(f"{name}.") for module in dotted)]


def test_nothing_of_sfus_is_imported_without_any() -> None:
    assert _loads_for_sfus(_imported(START)) == []
    chosen = 'livekit_url="wss://sfu.example.org", livekit_key="key", livekit_secret="0123456789" * 4'
    with_one = START.replace("secret_key=", f"{chosen}, secret_key=")
    assert _loads_for_sfus(_imported(with_one)) == ["parlour.http.tunnel", "parlour.sfu.feature"]


def test_only_the_models_of_a_document_wait_for_the_first_one() -> None:
    models = "from fastapi.openapi.models import OpenAPI; from parlour.wire.http import Problem"
    complete = "print(OpenAPI.__pydantic_complete__, Problem.__pydantic_complete__)"
    assert _printed(f"{START}\n{models}; {complete}") == ["False", "True"]


def test_help_imports_neither_the_server_nor_the_settings() -> None:
    modules = _imported("import parlour.__main__")
    assert modules & (OF_HELP | {"parlour.settings"}) == set()


def test_a_hidden_package_is_back_after_the_block() -> None:
    assert "this" not in sys.modules
    with without_packages(("this",)), pytest.raises(ModuleNotFoundError):
        import this
    import this

    with without_packages(("this",)):
        assert __import__("this") is this


def test_the_garbage_collector_runs_after_the_block() -> None:
    import gc

    with lean_imports():
        assert not gc.isenabled()
    assert gc.isenabled()
