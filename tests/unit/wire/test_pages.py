import pytest

from parlour.wire.pages import client_pattern, server_paths


@pytest.mark.parametrize(
    ("path", "of_server", "of_client"),
    [
        ("/login", ("/login",), "/login"),
        ("/r/{room:path}", ("/r/{room:path}",), "/r/:room"),
        ("/verifyclient/{token}", ("/verifyclient/{token}",), "/verifyclient/:token"),
        ("/reset/{token}?", ("/reset", "/reset/{token}"), "/reset/:token?"),
    ],
)
def test_a_page_is_written_as_each_router_takes_it(
    path: str, of_server: tuple[str, ...], of_client: str
) -> None:
    assert server_paths(path) == of_server
    assert client_pattern(path) == of_client
