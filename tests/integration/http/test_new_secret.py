"""A new secret logs nobody out while the old one is kept, and everybody once it is gone."""

import jwt
import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.integration.http.storage import bcrypt_hash, import_client
from tests.people import PASSWORD, Visitors, done

OLD, NEW = "o" * 40, "n" * 40


def kid(token: str | None) -> str:
    found: str = jwt.get_unverified_header(token or "")["kid"]
    return found


@pytest.mark.database("sqlite")
async def test_a_new_secret(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_SECRET_KEY": OLD})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger("ann")
        import_client(
            server, email=ann.email, username=ann.username or "", password_hash=bcrypt_hash(PASSWORD)
        )
        twin = await visitors.same(ann)
        await ann.logs_in()
        await twin.logs_in()
        before = kid(ann.token)

        server.settings |= {"PARLOUR_SECRET_KEY": NEW, "PARLOUR_OLD_SECRET_KEYS": OLD}
        await server.restart()
        done(await ann.get("/ice"))
        await ann.refreshes()
        assert kid(ann.token) == kid(ann.cookie) != before

        server.settings["PARLOUR_OLD_SECRET_KEYS"] = ""
        await server.restart()
        done(await ann.get("/ice"))
        await ann.refreshes()
        refused(await twin.get("/ice"), 401, "invalid_token")
        refused(await twin.http.get("/refresh"), 403, "session_over")
