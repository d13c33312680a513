"""The webhooks of LiveKit (https://docs.livekit.io/home/server/webhooks): checked, and still hints. Pure.

A webhook may be lost, late or told twice. It only has the room that it names compared now.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from parlour.sfu.tokens import SfuTokens
from parlour.sfu_link import LONGEST_SFU_ROOM

LONGEST_BODY = 64 * 1024
_REMEMBERED = 1_024


class _Room(msgspec.Struct):
    name: str = ""


class _Event(msgspec.Struct):
    room: _Room = msgspec.field(default_factory=_Room)


class WebhookRefused(Exception):
    """It was not sent by an SFU of ours, or a second time."""


class Webhooks:
    """Reads webhooks that are signed with one of these keys, each once."""

    def __init__(self, keys: Iterable[SfuTokens]) -> None:
        self._keys = tuple(keys)
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def room_of(self, body: bytes, token: str, now: float) -> str | None:
        """Return the room that a webhook is about, None if it is about none. Raises WebhookRefused."""
        digest = sha256(body).digest()
        if not any(tokens.signs_content(token, digest, now) for tokens in self._keys):
            raise WebhookRefused
        seen = sha256(token.encode()).digest()
        if seen in self._seen:
            raise WebhookRefused
        self._seen[seen] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        try:
            name = msgspec.json.decode(body, type=_Event).room.name
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return name if 0 < len(name) <= LONGEST_SFU_ROOM else None
