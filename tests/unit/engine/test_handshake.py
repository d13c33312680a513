"""Requests to the engine: any query is admitted or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.engine.connection import Handshake
from parlour.engine.handshake import Rejected, admit, read_request
from parlour.engine.options import Options, same_origin
from parlour.engine.session import TransportSession
from tests.unit.engine.memory import Keeper, MemoryTransport

OPTIONS = Options()
WORDS = ["EIO", "transport", "sid", "=", "&", "4", "3", "polling", "websocket", "known", "%", "%ff", ";", "+"]


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(["polling", "websocket"]),
    st.text() | st.lists(st.sampled_from(WORDS)).map("".join),
)
def test_any_query_is_admitted_or_refused(method: str, channel: str, query: str) -> None:
    known = TransportSession("known", MemoryTransport("polling"), Keeper(), OPTIONS, 0.0)
    request = read_request(method, channel, Handshake("", query=query))
    admitted = admit(request, OPTIONS, lambda sid: known if sid == "known" else None)
    assert admitted is None or admitted is known or isinstance(admitted, Rejected)


@pytest.mark.parametrize("channel", ["polling", "websocket"])
def test_the_usual_query_means_what_it_says(channel: str) -> None:
    def asked(query: str) -> tuple[object, ...]:
        request = read_request("GET", channel, Handshake("", query=query))
        return request.method, request.channel, request.transport, request.sid, request.version

    assert asked("EIO=4&transport=websocket") == asked("transport=websocket&EIO=4")
    assert asked("EIO=4&transport=websocket") != asked("EIO=4&transport=polling")


def test_an_origin_is_the_same_when_its_host_and_port_are() -> None:
    assert same_origin(None, "parlour.example")
    assert same_origin("https://parlour.example", "parlour.example")
    assert same_origin("http://LOCALHOST:8000", "localhost:8000")
    assert not same_origin("https://parlour.example.evil.example", "parlour.example")
    assert not same_origin("https://parlour.example", None)
    assert not same_origin("null", "null")
    assert not same_origin("", "")


@pytest.mark.parametrize(
    "settings",
    [{"path": "socket.io"}, {"path": "/socket.io"}, {"ping_interval": 0.0}, {"connect_timeout": -1.0}],
)
def test_options_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="engine"):
        Options(**settings)
