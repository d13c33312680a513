"""Administrators run `parlour doctor` over HTTP; nobody else learns what it finds."""

import asyncio
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.people import Person, Visitors, done


async def diagnosed(ann: Person) -> dict[str, Any]:
    """What the run that is under way finds."""
    async with asyncio.timeout(120):
        while (answer := done(await ann.get("/diagnosis")).json())["running_since"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # a run announces no end
    return dict(answer)


@pytest.mark.database("sqlite")
async def test_administrators_run_the_doctor(fresh_server: StartServer) -> None:
    """With what the command line has added to the settings, such as the port."""
    server = await fresh_server(
        {
            "PARLOUR_ADMINISTRATORS": "ann@example.org, root@example.org",
            "PARLOUR_CONTACT": "help@example.org",
            "PARLOUR_TURN_URLS": "turn:127.0.0.1:9?transport=tcp",
            "PARLOUR_TURN_SECRET": "north wind and sun",
        }
    )
    async with Visitors(server) as visitors:
        ann, bob = await visitors.client("ann", email="Ann@example.org"), await visitors.client("bob")
        for person, allowed in ((ann, True), (bob, False)):
            answer = done(await person.get("/diagnosis/permission")).json()
            assert answer == {"allowed": allowed}
        refused(await bob.get("/diagnosis"), 403, "not_an_administrator")
        refused(await bob.post("/diagnosis"), 403, "not_an_administrator")
        assert done(await ann.get("/diagnosis")).json() == {
            "running_since": None, "ended_at": None, "findings": []
        }  # fmt: skip

        started = done(await ann.post("/diagnosis")).json()
        assert started["running_since"] is not None
        again = done(await ann.post("/diagnosis")).json()
        assert again["running_since"] == started["running_since"], "one at a time"
        answer = await diagnosed(ann)
        assert answer["ended_at"] is not None
        said = {one["check"]: one["verdict"] for one in answer["findings"]}
        assert (said["server"], said["database"]) == ("ok", "ok"), answer
        [relay] = [one for one in answer["findings"] if "does not answer" in one["says"]]
        assert (relay["check"], relay["verdict"], bool(relay["todo"])) == ("STUN and TURN", "failed", True)
        assert "north wind" not in str(answer)
        assert done(await bob.get("/config")).json()["contact"] == "help@example.org"
