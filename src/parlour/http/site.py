"""Where people open this server: its public address, and the web origins that may use a person's cookie."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`url` is the public URL without a slash at its end, `base_path` its path (`/meet`, or nothing).

    `own_origins` are those of the server itself, `origins` also those that the settings allow (RFC 6454).
    """

    url: str
    base_path: str
    own_origins: frozenset[str]
    origins: frozenset[str]
    is_https: bool
