"""Read cookies, of HTTP requests and of a socket's handshake alike."""

COOKIE = "jwt"
DEVICE_COOKIE = "parlour-device"
DEVICE_COOKIE_PATH = "/client"
"""The path of the requests that hold passwords: browsers send the device cookie with no others."""


def session_token(header: str | None) -> str | None:
    """Return the value of the cookie `jwt`, the refresh token of a browser's session."""
    return cookie_value(header, COOKIE)


def cookie_value(header: str | None, cookie: str) -> str | None:
    """Return a cookie's value from a Cookie header (RFC 6265, section 5.4), decoded as Latin-1.

    Cookies are not bound to ports, so browsers also send the cookies of other programs on the same host: they
    are skipped even if malformed (JSON, brackets, umlauts). Among cookies of the same name the first with a
    value counts, since browsers send the cookie with the longest path first.
    """
    for pair in (header or "").split(";"):
        name, separator, value = pair.partition("=")
        if separator and name.strip(" \t") == cookie and (unquoted := _unquoted(value.strip(" \t"))):
            return unquoted
    return None


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if is_quoted else value
