"""Attacks on an event's attendance by somebody who is invited."""

from typing import Any

import pytest
from sqlalchemy import text

from parlour.events.store import ROWS_A_MINUTE
from tests.integration.http.storage import database_of
from tests.integration.signaling.raw import raw_socket
from tests.people import Person, done
from tests.servers import ParlourServer


async def page(creator: Person, event: str, **query: int) -> dict[str, Any]:
    answer: dict[str, Any] = done(await creator.get("/event/log", params={"room": event} | query)).json()
    return answer


async def test_coming_and_going_all_the_time_over_http(ann: Person, mallory: Person) -> None:
    """The rows stay few, and the record stays right: there from the first to the last."""
    event = await ann.creates_event()
    await ann.invites(mallory, to=event)
    await ann.moves("j", event)
    for _ in range(3 * ROWS_A_MINUTE):
        await mallory.moves("j", event)
        await mallory.moves("l", event)
    hers = [row for row in (await page(ann, event))["attendance"] if row["email"] == mallory.email]
    assert ROWS_A_MINUTE <= len(hers) < 2 * ROWS_A_MINUTE, "more than one minute may have passed"
    assert all(row["left_at"] for row in hers)
    await mallory.moves("j", event)
    rows = (await page(ann, event))["attendance"]
    assert [row["left_at"] for row in rows if row["email"] == mallory.email].count(None) == 1
    await ann.moves("l", event)


@pytest.mark.database("sqlite")
async def test_coming_and_going_all_the_time_over_signaling(
    server: ParlourServer, ann: Person, mallory: Person
) -> None:
    event = await ann.creates_event()
    await ann.invites(mallory, to=event)
    async with raw_socket(server) as socket:
        await socket.identifies(mallory.token or "")
        for _ in range(2 * ROWS_A_MINUTE):
            assert (await socket.asks(f'["join",{{"room":"{event}"}}]'))["ok"]
            assert (await socket.asks('["leave"]'))["ok"]
        rows = (await page(ann, event))["attendance"]
        assert ROWS_A_MINUTE <= len(rows) < 2 * ROWS_A_MINUTE
        assert all(row["left_at"] for row in rows)
        assert (await socket.asks(f'["join",{{"room":"{event}"}}]'))["ok"]
        assert [row["left_at"] for row in (await page(ann, event))["attendance"]].count(None) == 1


async def test_no_answer_holds_more_than_a_page(server: ParlourServer, ann: Person) -> None:
    event = await ann.creates_event()
    rows = 1203
    with database_of(server) as database:
        database.execute(
            text(
                "INSERT INTO event_log (event_id, username, email, joined_at, left_at) "
                "SELECT e.id, 'row', :email, :at, :at FROM events e JOIN rooms r ON r.id = e.room_id "
                "WHERE r.name = :event"
            ),
            [
                {"event": event, "email": f"{number}@example.org", "at": "2026-11-26 00:00:00.000000"}
                for number in range(rows)
            ],
        )
    seen: list[str] = []
    query: dict[str, int] = {}
    while True:
        answer = await page(ann, event, **query)
        assert len(answer["attendance"]) <= 500
        seen += [row["email"] for row in answer["attendance"]]
        if "next" not in answer:
            break
        query = {"after": answer["next"]}
    assert seen == [f"{number}@example.org" for number in range(rows)]
    assert len((await page(ann, event, limit=3))["attendance"]) == 3
