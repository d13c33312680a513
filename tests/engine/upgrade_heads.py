"""Heads of WebSocket handshakes: those that clients send, and those that deviate from them in few places."""

from collections.abc import Iterator

from hypothesis import strategies as st

from tests.engine.reference import frame

WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
REQUIRED = (
    ("Host", "meet.example"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
CHROMIUM = (
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0"),
    ("Origin", "https://meet.example"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-US,en;q=0.9"),
    ("Cookie", "theme=dark; jwt=eyJhbGciOiJIUzI1NiJ9.e30.x"),
    ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
)
NGINX = (("X-Forwarded-For", "198.51.100.7, 192.0.2.1"), ("X-Forwarded-Proto", "https"))
OTHERS = (
    ("Accept", "*/*"),
    ("Connection", "keep-alive, Upgrade"),
    ("Connection", "close"),
    ("Content-Length", "0"),
    ("Content-Length", "4"),
    ("Cookie", "a=b"),
    ("Cookie", "name=Zoë"),
    ("Expect", "100-continue"),
    ("Forwarded", 'for="[2001:db8::1]:80"'),
    ("Host", "other.example"),
    ("Host", ""),
    ("Origin", "https://evil.example"),
    ("Origin", "null"),
    ("Proxy-Connection", "close"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-WebSocket-Key", "short"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="),
    ("Sec-WebSocket-Version", "8"),
    ("Sec-WebSocket-Version", "12"),
    ("Transfer-Encoding", "chunked"),
    ("Upgrade", "WebSocket"),
    ("Upgrade", "h2c"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("x forwarded for", "203.0.113.9"),
    ("X_Forwarded_For", "203.0.113.9"),
    ("User-Agent", "tab\there"),
    ("User-Agent", "two  spaces "),
    ("User-Agent", "nul\0"),
    ("User-Agent", "bare\rreturn"),
    ("User-Agent", "bare\nCookie: a=b"),
    ("User-Agent", "folded\r\n line"),
)
TARGETS = (
    "/socket.io?EIO=4&transport=websocket",
    "/meet/socket.io/?EIO=4&transport=websocket&t=abc",
    "/socket.io/?EIO=4&transport=websocket&sid=unknown",
    "/socket.io/?EIO=4&transport=polling",
    "/socket.io/?EIO=3&transport=websocket",
    "/socket.io/?EIO=4&transport=%77ebsocket&a+b=c",
    "/socket.io/",
    "/socket.io/#fragment",
    "/socket.io/./?EIO=4&transport=websocket",
    "/%73ocket.io/?EIO=4&transport=websocket",
    "//socket.io/?EIO=4&transport=websocket",
    "/healthz?a=b",
    "http://meet.example/socket.io/?EIO=4&transport=websocket",
)


def head(
    *headers: tuple[str, str],
    method: str = "GET",
    target: str = WEBSOCKET,
    version: str = "HTTP/1.1",
    colon: str = ": ",
) -> bytes:
    lines = [f"{method} {target} {version}", *(name + colon + value for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


def deviations() -> Iterator[bytes]:
    """Yield a head for each single deviation."""
    for other in OTHERS:
        kept = [header for header in REQUIRED if header[0] != other[0]]
        yield head(*kept, other)
        yield head(*REQUIRED, other)
    for left_out in range(len(REQUIRED)):
        yield head(*(header for number, header in enumerate(REQUIRED) if number != left_out))
    for target in TARGETS:
        yield head(*REQUIRED, target=target)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Heads that deviate from a handshake in few places."""
    headers = list(REQUIRED)
    headers += draw(st.lists(st.sampled_from(CHROMIUM + NGINX), max_size=8, unique=True))
    others = draw(st.lists(st.sampled_from(OTHERS), max_size=2))
    if draw(st.booleans()):  # in place of a header of the same name
        headers = [header for header in headers if header[0] not in dict(others)]
    headers = draw(st.permutations(headers + others))
    if draw(st.integers(0, 7)) == 0:
        headers.pop()
    case = draw(st.sampled_from(("title", "lower", "upper")))
    written: bytes = head(
        *((getattr(name, case)(), value) for name, value in headers),
        method=draw(st.sampled_from(("GET",) * 8 + ("POST", "get"))),
        target=draw(st.one_of(st.just(WEBSOCKET), st.sampled_from(TARGETS))),
        version=draw(st.sampled_from(("HTTP/1.1",) * 8 + ("HTTP/1.0", "HTTP/2.0"))),
        colon=draw(st.sampled_from((": ",) * 8 + (":", ":  ", " : ", ":\t"))),
    )
    behind: bytes = draw(st.sampled_from((b"",) * 8 + (b"\r\n", b"GET /", frame(1, b"40"))))
    return written + behind
