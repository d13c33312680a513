"""Puts the domain of privacy together: export, deletion, and their routes."""

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.core import Core
from parlour.privacy.export import Export
from parlour.privacy.http import privacy_routes


class PrivacyFeature:
    """Builds the export and the routes of export and deletion."""

    def __init__(self, core: Core, accounts: AccountsFeature) -> None:
        self._accounts = accounts
        self._export = Export(database=core.database)

    def routers(self) -> list[APIRouter]:
        return [
            privacy_routes(
                export=self._export,
                credentials=self._accounts.credentials,
                sessions=self._accounts.sessions,
                identification=self._accounts.identification,
                cookies=self._accounts.cookies,
            )
        ]

    async def close(self) -> None:
        """Nothing is held open."""
