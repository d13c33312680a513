"""The SFUs that this server may use, and who may reach them."""

import ssl
from collections.abc import Iterable
from typing import final
from urllib.parse import urlsplit

from parlour.core import Clock
from parlour.errors import InvalidToken, NotFound
from parlour.http.tunnel.targets import Admitted, Target
from parlour.sfu.options import SfuAccess
from parlour.sfu.tokens import SfuTokens
from parlour.sfu_link import SfuListener, SfuNumber


@final
class Sfu:
    """An SFU, and the tokens for it."""

    def __init__(self, access: SfuAccess) -> None:
        self.access = access
        self.number = access.number
        self.tokens = SfuTokens(access.key, access.secret)
        self.target = _target(access.url)


class Sfus:
    """All of them, by their numbers."""

    def __init__(self, accesses: Iterable[SfuAccess], clock: Clock) -> None:
        self.by_number: dict[SfuNumber, Sfu] = {access.number: Sfu(access) for access in accesses}
        self.listener: SfuListener | None = None
        self._clock = clock

    def admit(self, number: str, token: str) -> Admitted:
        """Check a token of somebody who connects at this node. Raises NotFound or InvalidToken."""
        sfu = self.by_number.get(SfuNumber(int(number, 16)))
        if sfu is None:
            raise NotFound
        visitor = sfu.tokens.read(token, self._clock().timestamp())
        if visitor is None:
            raise InvalidToken
        members = None
        if self.listener is not None:
            members = self.listener.sfu_members(sfu.number, visitor.room)
        if members is not None and visitor.peer_id not in members:
            raise InvalidToken
        return Admitted(sfu.target, f"{number}/{visitor.room}/{visitor.peer_id}")


def _target(url: str) -> Target:
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    return Target(host=parts.hostname or "", port=port, path=parts.path, tls=tls)
