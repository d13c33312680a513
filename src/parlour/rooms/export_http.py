"""The HTTP endpoint of all that Parlour keeps of a person."""

from typing import Annotated

from fastapi import APIRouter, Depends

from parlour.accounts.credentials import Credentials
from parlour.accounts.http import Identification
from parlour.accounts.identity import Identity
from parlour.accounts.session_http import session_entry
from parlour.accounts.sessions import Sessions
from parlour.errors import IdentityRequired, InvalidToken
from parlour.rooms.export import Export
from parlour.wire.http import (
    AccountExport,
    ExportedAccount,
    ExportedInvitation,
    ExportedRoom,
    ExportedVisit,
    StoredMessage,
)
from parlour.wire.refusals import refusals


def export_routes(
    *, export: Export, credentials: Credentials, sessions: Sessions, identification: Identification
) -> APIRouter:
    router = APIRouter(tags=["accounts"])
    Caller = Annotated[Identity, Depends(identification.required)]

    @router.get("/account/export", responses=refusals(IdentityRequired, InvalidToken))
    async def export_account(caller: Caller) -> AccountExport:
        """All that the server keeps of the caller."""
        facts = await credentials.facts(caller)
        mine = await export.belongings(caller)
        return AccountExport(
            account=ExportedAccount(
                email=facts.email,
                username=facts.username,
                created_at=facts.created_at,
                verified_at=facts.verified_at,
                last_login_at=facts.last_login_at,
                guest_until=facts.guest_until,
            ),
            sessions=[session_entry(one, caller) for one in await sessions.living_of(caller)],
            rooms=[
                ExportedRoom(
                    name=room.name,
                    description=room.description,
                    created_at=room.created_at,
                    event=room.is_event,
                )
                for room in mine.rooms
            ],
            invitations=[
                ExportedInvitation(room=room, invited_at=invited_at) for room, invited_at in mine.invitations
            ],
            messages=[
                StoredMessage(
                    message_id=message.message_id,
                    room=room,
                    username=message.author_name,
                    email=message.author_email,
                    message=message.text,
                    sent_at=message.sent_at,
                )
                for room, message in mine.messages
            ],
            attendance=[
                ExportedVisit(room=room, joined_at=joined_at, left_at=left_at)
                for room, joined_at, left_at in mine.visits
            ],
        )

    return router
