"""The rule of rooms that say which way media take: no room asks for a server that there is none of. Pure."""

from dataclasses import dataclass

from parlour.rooms.refusals import NoRelay, NoSfu
from parlour.wire.base import RoomTopology


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRule:
    """`has_relay`: the settings name a TURN server; `has_sfu`: they name an SFU, and let calls use it."""

    has_relay: bool
    has_sfu: bool

    def require_for(self, *, relay_only: bool | None, topology: RoomTopology | None) -> None:
        """Raise NoRelay for a room whose media are to be relayed where nothing relays them, and NoSfu for one
        whose calls are to go through an SFU where there is none.

        A room that has asked for an SFU keeps that if its server loses it: its calls are a mesh then.
        """
        if relay_only and not self.has_relay:
            raise NoRelay
        if topology == "sfu" and not self.has_sfu:
            raise NoSfu
