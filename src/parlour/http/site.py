"""The public address of this server, and the web origins that may use a person's cookie."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site's address. `url` is the public URL without a trailing slash, `base_path` its path (`/meet`, or
    "").

    `own_origins` are the origins of the server itself (RFC 6454); `origins` adds those that the settings
    allow.
    """

    url: str
    base_path: str
    own_origins: frozenset[str]
    origins: frozenset[str]
    is_https: bool
