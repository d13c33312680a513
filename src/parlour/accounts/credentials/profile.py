"""The use case of changing the display name."""

from parlour.accounts import store
from parlour.accounts.facts import DisplayNameChanged
from parlour.accounts.identity import Identity, own_display_name
from parlour.db.database import Database
from parlour.errors import InvalidToken


class Profile:
    """Changes what other users see of an account."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def rename(self, identity: Identity, display_name: str | None) -> None:
        """Change the display name; None shows the username. Messages and attendance keep the old name.

        Raises InvalidToken if the account was deleted.
        """
        own = own_display_name(display_name, username=identity.name)
        async with self._database.transaction() as connection:
            if await store.lock_account(connection, identity.user_id) is None:
                raise InvalidToken
            await store.set_display_name(connection, identity.user_id, own)
            connection.after_commit(DisplayNameChanged(user_id=identity.user_id, display_name=own))
