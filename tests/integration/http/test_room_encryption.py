"""A room says whether its calls are encrypted end to end through an SFU."""

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.people import Visitors, done
from tests.servers.livekit import absent_livekit


async def test_a_creator_says_it_and_changes_it(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server(absent_livekit())) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        names = {wish: await ann.creates_room(encryption=wish) for wish in ("auto", "on", "off")}
        silent = await ann.creates_room()

        async def told(room: str) -> object:
            await bob.enters(room)
            entry = done(await bob.http.get("/room/entry", params={"name": room})).json()["room"]
            assert entry == (await bob.sees())[room]
            return entry.get("encryption")

        assert [await told(name) for name in names.values()] == [None, "on", "off"]
        assert await told(silent) is None
        for wish, shown in (("on", "on"), ("off", "off"), (None, "off"), ("auto", None)):
            done(await ann.post("/room/change", {"room": silent, "encryption": wish}))
            assert await told(silent) == shown
        done(await ann.post("/room/change", {"room": names["on"], "topology": "mesh"}))
        assert await told(names["on"]) == "on"
        wrong = {"room": silent, "encryption": "sometimes"}
        refused(await ann.post("/room/change", wrong), 422, "invalid_request")
        refused(await bob.post("/room/change", {"room": silent, "encryption": "off"}), 403, "not_the_creator")


async def test_a_room_asks_for_it_where_there_is_no_sfu(fresh_server: StartServer) -> None:
    """Its calls are meshes, whose media are encrypted from browser to browser in any case."""
    async with Visitors(await fresh_server({})) as visitors:
        ann = await visitors.client("ann")
        room = await ann.creates_room(encryption="on")
        assert (await ann.sees())[room]["encryption"] == "on"
