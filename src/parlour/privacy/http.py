"""The HTTP endpoints of what a person may demand: all that Parlour keeps of them, and its deletion."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from parlour.accounts.credentials.http import PROVEN
from parlour.accounts.credentials.service import Credentials
from parlour.accounts.identity import Identity
from parlour.accounts.sessions.http import session_entry
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.login_responder import SessionCookies
from parlour.accounts.sessions.request_source import request_source
from parlour.accounts.sessions.service import LoginSessions
from parlour.privacy.export import Belongings, Export
from parlour.wire.arrays import json_array, json_object, json_value
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import (
    AccountDeletion,
    AccountExport,
    ExportedAccount,
    ExportedConsent,
    ExportedInvitation,
    ExportedRoom,
    ExportedVisit,
    Nothing,
    StoredMessage,
)


def privacy_routes(
    *,
    export: Export,
    credentials: Credentials,
    sessions: LoginSessions,
    identification: Identification,
    cookies: SessionCookies,
) -> APIRouter:
    router = APIRouter(tags=["accounts"])
    Caller = Annotated[Identity, Depends(identification.required)]

    @router.get(
        "/account/export",
        response_model=AccountExport,
        **endpoint(CallerKind.CALLER, description="All that the server keeps of the caller."),
    )
    async def export_account(caller: Caller) -> Response:
        facts = await credentials.facts(caller)
        mine = await export.belongings(caller)
        account = ExportedAccount(
            email=facts.email,
            username=facts.username,
            created_at=facts.created_at,
            verified_at=facts.verified_at,
            last_login_at=facts.last_login_at,
            guest_until=facts.guest_until,
            display_name=facts.display_name,
            language=facts.language,
        )
        live = await sessions.live_of(caller)
        members = {
            "account": json_value(account),
            "sessions": json_array(session_entry(session, caller) for session in live),
            **_belongings(mine),
        }
        return StreamingResponse(json_object(**members), media_type="application/json")

    @router.post(
        "/account/deletion",
        **endpoint(
            CallerKind.CALLER,
            *PROVEN,
            description="Delete one's account; messages and attendance keep the name and the email.",
        ),
    )
    async def delete_account(
        body: AccountDeletion, caller: Caller, request: Request, response: Response
    ) -> Nothing:
        await credentials.delete(caller, password=body.password, source=request_source(request))
        cookies.clear(response)
        return Nothing()

    return router


def _belongings(mine: Belongings) -> dict[str, AsyncIterator[bytes]]:
    """The members of AccountExport that may be very long, as JSON."""
    return {
        "rooms": json_array(
            ExportedRoom(
                name=room.name,
                description=room.description,
                created_at=room.created_at,
                event=room.is_event,
                starts_at=room.starts_at,
                duration_minutes=room.duration_minutes,
            )
            for room in mine.rooms
        ),
        "invitations": json_array(
            ExportedInvitation(room=invitation.room, invited_at=invitation.invited_at)
            for invitation in mine.invitations
        ),
        "messages": json_array(
            StoredMessage(
                message_id=message.message_id,
                room=message.room,
                username=message.author_name,
                email=message.author_email,
                message=message.text,
                sent_at=message.sent_at,
                display_name=message.author_display_name,
                reply_to=message.reply_to,
                edited_at=message.edited_at,
                deleted_at=message.deleted_at,
            )
            for message in mine.messages
        ),
        "attendance": json_array(
            ExportedVisit(room=row.room, joined_at=row.joined_at, left_at=row.left_at)
            for row in mine.attendance
        ),
        "recording_consents": json_array(
            ExportedConsent(recording=row.recording, room=row.room, given_at=row.given_at)
            for row in mine.consents
        ),
    }
