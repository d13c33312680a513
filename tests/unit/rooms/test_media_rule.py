"""No room asks for a server of media that there is none of."""

import pytest

from parlour.rooms.media_rule import MediaRule
from parlour.rooms.refusals import NoRelay, NoSfu


def test_a_room_asks_for_what_the_server_has() -> None:
    MediaRule(has_relay=True, has_sfu=True).require_for(relay_only=True, topology="sfu")
    nothing = MediaRule(has_relay=False, has_sfu=False)
    nothing.require_for(relay_only=None, topology=None)
    nothing.require_for(relay_only=False, topology="auto")
    nothing.require_for(relay_only=False, topology="mesh")
    with pytest.raises(NoRelay):
        MediaRule(has_relay=False, has_sfu=True).require_for(relay_only=True, topology="sfu")
    with pytest.raises(NoSfu):
        MediaRule(has_relay=True, has_sfu=False).require_for(relay_only=True, topology="sfu")
