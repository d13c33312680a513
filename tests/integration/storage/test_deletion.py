"""What stays when a guest's time is over, and what follows an address to its next account."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, select

from parlour.db.database import Database
from parlour.db.tables import admissions, event_log, guests, invitations, messages, refresh_sessions, users
from tests.conftest import StartServer
from tests.integration.http.storage import end_time_of
from tests.people import Visitors
from tests.servers import ParlourServer


async def rows(server: ParlourServer, table: Table) -> Sequence[Row[Any]]:
    database = Database(server.database_url)
    try:
        async with database.reading() as connection:
            return (await connection.execute(select(table).order_by(*table.primary_key))).all()
    finally:
        await database.close()


async def gone(server: ParlourServer, email: str) -> None:
    async with asyncio.timeout(60):
        while email in {user.email for user in await rows(server, users)}:  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.1)  # the database tells nobody


async def test_a_guests_end(fresh_server: StartServer) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        event, free = await ann.creates_event(), await ann.creates_room()
        gus = await visitors.stranger("gus", client=False)
        await ann.invites(gus, to=event)
        await server.expect_mail(gus.email)
        await gus.registers()
        assert [invitation.user_id is not None for invitation in await rows(server, invitations)] == [True]
        await gus.confirms()
        await gus.enters(free)
        await gus.moves("j", event)
        await gus.writes("hello from gus", to=event)
        await gus.writes("hello from gus", to=free)

        await end_time_of(gus)
        await gone(server, gus.email)
        [_, other] = [user.email for user in await rows(server, users)]
        assert other.startswith("next-"), "who has woken the server"
        assert len(await rows(server, guests)) == 1
        assert await rows(server, admissions) == []
        assert len(await rows(server, refresh_sessions)) == 2, "ann's, and the other guest's"
        for stored in await rows(server, messages):
            assert (stored.author_id, stored.author_name, stored.author_email) == (None, "Guest", gus.email)
        (visit,) = await rows(server, event_log)
        assert (visit.user_id, visit.username, visit.email) == (None, "Guest", gus.email)
        assert visit.left_at is not None, "whoever is gone has left"
        (invitation,) = await rows(server, invitations)
        assert (invitation.user_id, invitation.email) == (None, gus.email)
        assert [message["email"] for message in await ann.reads(event)] == [gus.email]

        # The same address, later: the invitation is theirs again, what they gave a password for is not.
        again = await visitors.guest(email=gus.email)
        assert event in await again.sees()
        await again.writes("hello again", to=event)
        assert (await again.post("/message", {"roomname": free, "message": "x"})).status_code == 403
        assert len(await ann.reads(event)) == 2


async def test_a_guest_becomes_a_client_with_all_that_is_theirs(fresh_server: StartServer) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        event, free = await ann.creates_event(), await ann.creates_room()
        gus = await visitors.guest()
        await ann.invites(gus, to=event)
        await server.expect_mail(gus.email)
        await gus.enters(free)
        await gus.writes("as a guest", to=event)
        (before,) = [user.id for user in await rows(server, users) if user.email == gus.email]
        gus.token = None  # registering needs no login
        await gus.becomes_client("gus-the-client")
        (after,) = [user.id for user in await rows(server, users) if user.email == gus.email]
        assert before == after
        assert await rows(server, guests) == []
        await gus.writes("as a client", to=event)
        await gus.writes("as a client", to=free)
        authors = [(message.author_id, message.author_name) for message in await rows(server, messages)]
        assert authors == [(after, "Guest"), (after, "gus-the-client"), (after, "gus-the-client")]
        (invitation,) = await rows(server, invitations)
        assert invitation.user_id == after
