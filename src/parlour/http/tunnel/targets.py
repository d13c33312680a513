"""The interface of tunnels to the feature whose servers they lead to."""

import ssl
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server that tunnels lead to; `path` precedes the paths of its API, and has no slash at its end."""

    host: str
    port: int
    path: str = ""
    tls: ssl.SSLContext | None = None

    @property
    def authority(self) -> bytes:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}".encode()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A holder of a token: where the tunnel leads, and the name by which a person's tunnels are counted."""

    target: Target
    person: str


class Targets(Protocol):
    """The servers, and who may reach them."""

    def admit(self, number: str, token: str) -> Admitted:
        """Check a token for the server of this number, in hexadecimal. It does not wait. Raises Refusal."""
