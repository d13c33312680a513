"""Reads cookies, for HTTP and for the handshake of a socket alike."""

COOKIE = "jwt"
DEVICE_COOKIE = "parlour-device"
DEVICE_COOKIE_PATH = "/client"
"""Where passwords are given: it need not travel with other requests."""


def session_token(header: str | None) -> str | None:
    """The value of the cookie `jwt`, which identifies a browser."""
    return cookie_value(header, COOKIE)


def cookie_value(header: str | None, cookie: str) -> str | None:
    """A cookie's value in a Cookie header (RFC 6265, section 5.4), decoded as Latin-1.

    Cookies know no ports, so other programs of the same host send theirs along: whatever these hold, JSON,
    brackets or umlauts, they are passed over. Of several with one name the first with a value counts, since
    browsers send the one with the longest path first.
    """
    for pair in (header or "").split(";"):
        name, separator, value = pair.partition("=")
        if separator and name.strip(" \t") == cookie and (found := _unquoted(value.strip(" \t"))):
            return found
    return None


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if is_quoted else value
