"""Puts the domain of chat together: its service and routes."""

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.chat.http import chat_routes
from parlour.chat.service import Chat
from parlour.core import Core


class ChatFeature:
    """Builds the service of the chat and its routes."""

    def __init__(self, core: Core, accounts: AccountsFeature) -> None:
        self._accounts = accounts
        self.service = Chat(
            database=core.database,
            messages=core.limits.messages,
            clock=core.clock,
            is_numbered=core.is_clustered,
        )

    def routers(self) -> list[APIRouter]:
        return [
            chat_routes(
                chat=self.service,
                sessions=self._accounts.sessions,
                identification=self._accounts.identification,
            )
        ]

    async def close(self) -> None:
        """Nothing is held open."""
