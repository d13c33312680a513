import pytest
from hypothesis import given, settings

from parlour.engine.plain_upgrade import read_plain_upgrade
from tests.engine.upgrade_heads import CHROMIUM, NGINX, REQUIRED, TARGETS, head, heads


@pytest.mark.parametrize(
    "plain",
    [
        head(*REQUIRED),
        head(*REQUIRED, *CHROMIUM),
        head(*REQUIRED, *CHROMIUM, *NGINX, target=TARGETS[1]),
        head(*REQUIRED).replace(b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
        head(*((name.lower(), value) for name, value in REQUIRED), target=TARGETS[0]),
    ],
    ids=["programs", "chromium", "nginx", "firefox", "lower"],
)
def test_what_clients_send_is_plain(plain: bytes) -> None:
    assert read_plain_upgrade(plain) is not None
    for size in range(len(plain)):
        assert read_plain_upgrade(plain[:size]) is None
    assert read_plain_upgrade(plain + b"x") is None


@settings(max_examples=100, derandomize=True)
@given(written=heads())
def test_no_byte_is_left_over(written: bytes) -> None:
    """Each accepted header is a line of its own, and there is nothing else."""
    plain = read_plain_upgrade(written)
    if plain is None:
        return
    lines = written.decode("ascii").split("\r\n")
    assert lines[0] == f"GET {plain.request.path}?{plain.request.query} HTTP/1.1"
    assert lines[-2:] == ["", ""]
    for line in lines[1:-2]:
        name, value = line.split(": ", 1)
        assert plain.request.lines(name.lower()) == (value,)
    assert plain.request.lines("sec-websocket-key") == (plain.key,)
