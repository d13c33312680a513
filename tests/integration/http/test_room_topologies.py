"""A room says which way the media of its calls take, on servers that have an SFU."""

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.people import Visitors, done
from tests.servers.livekit import absent_livekit


async def test_a_creator_says_it_and_changes_it(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server(absent_livekit())) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        assert done(await ann.get("/config")).json()["sfu"] is True
        names = {topology: await ann.creates_room(topology=topology) for topology in ("auto", "mesh", "sfu")}
        silent = await ann.creates_room()

        async def told(room: str) -> object:
            await bob.enters(room)
            entry = done(await bob.http.get("/room/entry", params={"name": room})).json()["room"]
            assert entry == (await bob.sees())[room]
            return entry.get("topology")

        assert [await told(name) for name in names.values()] == [None, "mesh", "sfu"]
        assert await told(silent) is None
        for topology, shown in (("sfu", "sfu"), ("mesh", "mesh"), (None, "mesh"), ("auto", None)):
            done(await ann.post("/room/change", {"room": silent, "topology": topology}))
            assert await told(silent) == shown
        done(await ann.post("/room/change", {"room": names["sfu"], "description": "another"}))
        assert await told(names["sfu"]) == "sfu"
        refused(await ann.post("/room/change", {"room": silent, "topology": "star"}), 422, "invalid_request")
        refused(await bob.post("/room/change", {"room": silent, "topology": "sfu"}), 403, "not_the_creator")


async def test_where_there_is_no_sfu_no_room_asks_for_one_and_those_that_have_lose_nothing_else(
    fresh_server: StartServer,
) -> None:
    before = await fresh_server(absent_livekit())
    async with Visitors(before) as visitors:
        ann = await visitors.client("ann")
        room = await ann.creates_room(topology="sfu")
        for without in ({}, {**absent_livekit(), "PARLOUR_CALL_TOPOLOGY": "mesh"}):
            async with Visitors(await fresh_server(without, before.database_url)) as later:
                cyd = await later.client("cyd")
                assert done(await cyd.get("/config")).json()["sfu"] is False
                own = await cyd.creates_room(topology="mesh")
                refused(await cyd.post("/room/change", {"room": own, "topology": "sfu"}), 409, "no_sfu")
                body = {"name": "large", "password": "x", "description": "", "creator": cyd.username}
                refused(await cyd.post("/room", {**body, "topology": "sfu"}), 409, "no_sfu")
                assert (await cyd.sees())[room]["topology"] == "sfu"
