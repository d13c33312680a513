"""Vite's development server passes to the server what is the server's, and nothing else."""

from parlour.dev_proxies import TYPESCRIPT, api_paths, typescript
from parlour.wire.pages import PAGES


def test_the_proxies_are_up_to_date() -> None:
    assert TYPESCRIPT.read_text(encoding="utf-8") == typescript()


def test_vite_serves_every_page_and_the_server_what_has_no_place_in_the_description() -> None:
    paths = set(api_paths())
    assert {"client", "dev", "healthz", "logout", "openapi.json", "refresh", "room"} <= paths
    assert not paths & {path.split("/")[1] for path in PAGES.values()}
    assert not paths & {"assets", "docs", "favicon.svg", "src"}
