"""The rule of rooms that use TURN alone: without such a server, nobody in them could see anybody. Pure."""

from dataclasses import dataclass

from parlour.rooms.refusals import NoRelay


@dataclass(frozen=True, slots=True)
class RelayRule:
    """`has_relay`: the settings name a TURN server."""

    has_relay: bool

    def require_for(self, *, relay_only: bool | None) -> None:
        """Raise NoRelay for a room whose media are to be relayed where nothing relays them."""
        if relay_only and not self.has_relay:
            raise NoRelay
