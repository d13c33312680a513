"""Mailed links, each with a token that expires and works once."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec

from parlour.accounts.identity import UserId
from parlour.accounts.links import store as link_store
from parlour.accounts.refusals import InvalidVerification
from parlour.accounts.tokens import (
    InvitationToken,
    Purpose,
    RegistrationToken,
    TokenRejected,
    TokenSigner,
    VerificationToken,
)
from parlour.db.database import AsyncConnection
from parlour.mail.contents import InvitationLink, RegistrationLink, VerificationLink

MAX_PENDING = 5
INVITATION_LIFETIME = timedelta(days=30)
"""The lifetime of an invitation's link as a proof of the mailbox; the invitation itself does not expire."""


class MailLinks:
    """Creates, signs, verifies and uses up the links of mails."""

    def __init__(self, *, signer: TokenSigner, clock: Callable[[], datetime]) -> None:
        self._signer = signer
        self._clock = clock

    async def new(
        self,
        connection: AsyncConnection,
        user_id: UserId,
        purpose: Purpose,
        *,
        lifetime: timedelta,
        new_email: str | None = None,
    ) -> VerificationLink:
        now = self._clock()
        link = VerificationLink(
            verification_id=str(uuid.uuid4()),
            user_id=user_id,
            purpose=purpose,
            issued_at=int(now.timestamp()),
            expires_at=int((now + lifetime).timestamp()),
        )
        await link_store.add_verification(
            connection,
            verification_id=link.verification_id,
            user_id=user_id,
            purpose=purpose,
            now=now,
            expires_at=now + lifetime,
            new_email=new_email,
        )
        return link

    def stop_link(self, link: VerificationLink) -> VerificationLink:
        """Return the link for the old address, which stops the change of email that `link` confirms."""
        stop: Purpose = "stop_email"
        return msgspec.structs.replace(link, purpose=stop)

    def sign(self, link: VerificationLink | RegistrationLink | InvitationLink) -> str:
        """Sign a link's token when its mail is rendered; deterministic as long as the secret stays."""
        issued_at = datetime.fromtimestamp(link.issued_at, UTC)
        expires_at = datetime.fromtimestamp(link.expires_at, UTC)
        if isinstance(link, InvitationLink):
            return self._signer.sign_invitation(
                InvitationToken(
                    room_id=link.room_id, email=link.email, issued_at=issued_at, expires_at=expires_at
                )
            )
        if isinstance(link, RegistrationLink):
            return self._signer.sign_registration(
                RegistrationToken(
                    registration_id=link.registration_id, issued_at=issued_at, expires_at=expires_at
                )
            )
        return self._signer.sign_verification(
            VerificationToken(
                verification_id=link.verification_id,
                user_id=link.user_id,
                purpose=cast(Purpose, link.purpose),
                issued_at=issued_at,
                expires_at=expires_at,
            )
        )

    def to_registration(self, registration_id: str, *, expires_at: datetime) -> RegistrationLink:
        return RegistrationLink(
            registration_id=registration_id,
            issued_at=int(self._clock().timestamp()),
            expires_at=int(expires_at.timestamp()),
        )

    def to_invitation(self, *, room_id: int, email: str) -> InvitationLink:
        now = self._clock()
        return InvitationLink(
            room_id=room_id,
            email=email,
            issued_at=int(now.timestamp()),
            expires_at=int((now + INVITATION_LIFETIME).timestamp()),
        )

    def read_invitation(self, token: str) -> InvitationToken:
        """Verify the token of an invitation. Raises InvalidVerification."""
        try:
            return self._signer.read_invitation(token, now=self._clock())
        except TokenRejected as error:
            raise InvalidVerification from error

    def read_registration(self, token: str) -> str:
        """Verify a token; return the id of the registration. Raises InvalidVerification."""
        try:
            return self._signer.read_registration(token, now=self._clock()).registration_id
        except TokenRejected as error:
            raise InvalidVerification from error

    def read_any(self, token: str) -> RegistrationToken | VerificationToken:
        """Verify a token of any purpose, expired tokens included. Raises InvalidVerification."""
        try:
            return self._signer.read_link(token)
        except TokenRejected as error:
            raise InvalidVerification from error

    def read(self, token: str, purpose: Purpose) -> VerificationToken:
        """Verify a token of that purpose. Raises InvalidVerification."""
        try:
            return self._signer.read_verification(token, purpose=purpose, now=self._clock())
        except TokenRejected as error:
            raise InvalidVerification from error

    async def use(self, connection: AsyncConnection, claim: VerificationToken) -> None:
        """Mark a link as used. Raises InvalidVerification if it was used before."""
        used = await link_store.use_verification(
            connection, claim.verification_id, user_id=UserId(claim.user_id), now=self._clock()
        )
        if not used:
            raise InvalidVerification

    async def may_send(self, connection: AsyncConnection, user_id: UserId, purpose: Purpose) -> bool:
        """True while fewer than MAX_PENDING links of that purpose are unopened."""
        pending = await link_store.pending_verifications(connection, user_id, purpose, now=self._clock())
        return pending < MAX_PENDING
