"""Generate web/proxies.gen.ts, the paths that Vite's development server proxies, from the server's routes.

`python -m parlour.dev_proxies` writes the file; with `--check` it fails if the file is out of date.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from parlour.app import Parlour
from parlour.calls.socket.connections import PATH
from parlour.http.webclient import WebClient
from parlour.settings import Settings

TYPESCRIPT = Path(__file__).parents[2] / "web" / "proxies.gen.ts"


def api_paths() -> list[str]:
    """Return the first segments of all paths but the web client's files and pages, which Vite serves."""
    with TemporaryDirectory() as folder:
        parlour = Parlour(Settings(data_dir=Path(folder), _env_file=None), port=8000)
        parlour.asgi()
        routes = parlour.fastapi.routes
        parlour.accounts.passwords.close()
    return sorted(_first_segments(routes) - _first_segments(WebClient().routes().routes))


def _first_segments(routes: list[BaseRoute]) -> set[str]:
    paths = [context.path for context in iter_route_contexts(routes)]
    return {path.split("/")[1] for path in paths if path is not None}


def typescript() -> str:
    paths = [f"  {json.dumps(path)}," for path in api_paths()]
    return "\n".join(
        [
            "// Generated from the routes of src/parlour by `make generate`. Do not edit.",
            "/** First segments of the paths that the server answers. */",
            "export const API_PATHS = [",
            *paths,
            "];",
            "/** The path of Socket.IO, over polling and WebSocket. */",
            f"export const SOCKET_PATH = {json.dumps(PATH)};",
            "",
        ]
    )


def main() -> int:
    wanted = typescript()
    if "--check" not in sys.argv[1:]:
        TYPESCRIPT.write_text(wanted, encoding="utf-8")
        return 0
    if not TYPESCRIPT.is_file() or TYPESCRIPT.read_text(encoding="utf-8") != wanted:
        sys.stderr.write(f"{TYPESCRIPT.name} is out of date: run `make generate`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
