"""The pages of the web client: where the server answers with its index.html, and what is shown there."""

import re

PAGES = {
    "home": "/",
    "login": "/login",
    "register": "/register",
    "mail": "/mail",
    "newRoom": "/new",
    "profile": "/profile",
    "check": "/check",
    "doctor": "/doctor",
    "room": "/r/{room:path}",
    "verifyClient": "/verifyclient/{token}",
    "verifyGuest": "/verifyguest/{token}",
    "verifyEmail": "/verifyemail/{token}?",
    "stopEmail": "/stopemail",
    "forgot": "/forgot",
    "reset": "/reset/{token}?",
}
"""Paths by the name that the client has for the page; a last segment that ends with `?` may be absent.

Where the protocol leaves it open, the token of a mail's link is its fragment, which no request repeats; the
optional tokens are those of mails from older versions.
"""


def server_paths(path: str) -> tuple[str, ...]:
    """The paths that the server's router takes in the place of one of `PAGES`."""
    if not path.endswith("?"):
        return (path,)
    without, _, _ = path.rpartition("/")
    return without, path.removesuffix("?")


def client_pattern(path: str) -> str:
    """The path as the client's router writes it: `/reset/:token?`."""
    return re.sub(r"\{(\w+)(?::path)?\}", r":\1", path)
