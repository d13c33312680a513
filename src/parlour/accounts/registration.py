"""The use cases of registration: register, send the letter again, verify."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from parlour.accounts import link_store, store
from parlour.accounts.identity import GUEST_NAME, Guest, UserId, Visitor
from parlour.accounts.lifetimes import Lifetimes, spoken
from parlour.accounts.links import Links
from parlour.accounts.passwords import Passwords
from parlour.accounts.refusals import (
    AlreadyVerified,
    EmailTaken,
    InvalidVerification,
    UsernameTaken,
    UserNotFound,
)
from parlour.accounts.sessions import LoggedIn, Sessions
from parlour.db.database import AsyncConnection, Database
from parlour.limits import Postage
from parlour.mail.letters import Letters
from parlour.mail.outbox import Outbox
from parlour.wire.base import username_key


class Registration:
    """One transaction per use case; hashing happens outside of it."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        letters: Letters,
        passwords: Passwords,
        links: Links,
        sessions: Sessions,
        lifetimes: Lifetimes,
        postage: Postage,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._letters = letters
        self._passwords = passwords
        self._links = links
        self._sessions = sessions
        self._lifetimes = lifetimes
        self._postage = postage
        self._clock = clock

    async def register_guest(self, *, email: str, visitor: Visitor) -> None:
        """Sends the letter that lets a guest in. Raises EmailTaken or RateLimited."""
        now = self._clock()
        try:
            async with self._database.transaction() as connection:
                account = await store.account_by_email(connection, email)
                if account is not None:
                    taken = await self._holds_client(connection, account, now)
                    if taken or await self._is_living(connection, account, now):
                        raise EmailTaken
                    await store.delete_user(connection, account.user_id, now=now)
                await self._postage.take(email, address=visitor.address)
                user_id = await store.add_user(connection, email=email, now=now)
                await store.add_guest(connection, user_id)
                await self._send_guest_letter(connection, user_id, email)
        except IntegrityError as error:
            raise EmailTaken from error
        self._outbox.announce()

    async def register_client(self, *, email: str, username: str, password: str, visitor: Visitor) -> None:
        """A living guest with this email becomes the client once the letter's link is opened.

        Raises EmailTaken, UsernameTaken, RateLimited or, for a common password, InvalidRequest.
        """
        if username_key(username) == username_key(GUEST_NAME):
            raise UsernameTaken
        await self._passwords.require_uncommon(password, field="password")
        async with self._database.reading() as connection:
            await self._require_free(connection, email=email, username=username)
        password_hash = await self._passwords.hash(password)
        now = self._clock()
        try:
            async with self._database.transaction() as connection:
                await self._require_free(connection, email=email, username=username)
                await self._postage.take(email, address=visitor.address)
                user_id = await self._place_for_client(connection, email, username, now)
                await store.add_client(
                    connection, user_id=user_id, username=username, password_hash=password_hash
                )
                await self._send_client_letter(connection, user_id, email, username)
        except IntegrityError as error:
            raise _taken(error) from error
        self._outbox.announce()

    async def create_client(self, *, email: str, username: str, password: str) -> None:
        """A confirmed account without a letter, as the command line makes it.

        Raises EmailTaken, UsernameTaken or, for a common password, InvalidRequest.
        """
        if username_key(username) == username_key(GUEST_NAME):
            raise UsernameTaken
        await self._passwords.require_uncommon(password, field="password")
        password_hash = await self._passwords.hash(password)
        now = self._clock()
        try:
            async with self._database.transaction() as connection:
                await self._require_free(connection, email=email, username=username)
                user_id = await self._place_for_client(connection, email, username, now)
                await store.add_client(
                    connection, user_id=user_id, username=username, password_hash=password_hash
                )
                await store.verify_client(connection, user_id, now=now)
                await store.delete_guest(connection, user_id)
        except IntegrityError as error:
            raise _taken(error) from error

    async def resend_verification(self, *, email: str, visitor: Visitor) -> None:
        """Sends the letter again where one is waited for; says nothing of whether that is so.

        Raises RateLimited.
        """
        await self._postage.take(email, address=visitor.address)
        async with self._database.transaction() as connection:
            known = await store.account_by_email(connection, email)
            account = None if known is None else await store.lock_account(connection, known.user_id)
            if account is None:
                return
            client, guest = account.client, account.guest
            if client is not None and client.verified_at is None:
                if await self._links.may_send(connection, account.user_id, "client"):
                    await self._send_client_letter(
                        connection, account.user_id, account.email, client.username
                    )
                awaited = False
            else:
                awaited = guest is not None and guest.expires_at is None
            if awaited and await self._links.may_send(connection, account.user_id, "guest"):
                await self._send_guest_letter(connection, account.user_id, account.email)
        self._outbox.announce()

    async def verify_client(self, *, token: str) -> None:
        """Raises InvalidVerification, UserNotFound or AlreadyVerified."""
        now = self._clock()
        claim = self._links.read(token, "client")
        async with self._database.transaction() as connection:
            account = await self._account(connection, claim.user_id)
            if account.client is None:
                raise InvalidVerification
            if account.client.verified_at is not None:
                raise AlreadyVerified
            if not await store.verify_client(connection, account.user_id, now=now):
                raise AlreadyVerified
            await self._links.use(connection, claim)
            await store.delete_guest(connection, account.user_id)

    async def verify_guest(self, *, token: str, visitor: Visitor) -> LoggedIn:
        """The guest's time starts now. Raises InvalidVerification, UserNotFound or AlreadyVerified."""
        now = self._clock()
        claim = self._links.read(token, "guest")
        async with self._database.transaction() as connection:
            account = await self._account(connection, claim.user_id)
            if account.guest is None or account.guest.expires_at is not None:
                raise AlreadyVerified
            until = now + self._lifetimes.guest
            if not await store.verify_guest(connection, account.user_id, now=now, expires_at=until):
                raise AlreadyVerified
            await self._links.use(connection, claim)
            guest = Guest(user_id=account.user_id, email=account.email, expires_at=until)
            return await self._sessions.start(connection, guest, visitor, now)

    async def _is_living(self, connection: AsyncConnection, account: store.Account, now: datetime) -> bool:
        """A guest lives until its time is over, or while its letter can still be answered."""
        if account.guest is not None and account.guest.expires_at is not None:
            return account.guest.expires_at > now
        return await link_store.pending_verifications(connection, account.user_id, "guest", now=now) > 0

    async def _require_free(self, connection: AsyncConnection, *, email: str, username: str) -> None:
        now = self._clock()
        holder = await store.account_by_username(connection, username)
        if holder is not None and await self._holds_client(connection, holder, now):
            raise UsernameTaken
        owner = await store.account_by_email(connection, email)
        if owner is not None and await self._holds_client(connection, owner, now):
            raise EmailTaken

    async def _holds_client(self, connection: AsyncConnection, account: store.Account, now: datetime) -> bool:
        """Whether a client account is confirmed, or may still be: an abandoned one makes room."""
        if account.client is None:
            return False
        if account.client.verified_at is not None:
            return True
        return await link_store.pending_verifications(connection, account.user_id, "client", now=now) > 0

    async def _place_for_client(
        self, connection: AsyncConnection, email: str, username: str, now: datetime
    ) -> UserId:
        """The user a new client belongs to; abandoned registrations in the way are removed."""
        for account in (
            await store.account_by_username(connection, username),
            await store.account_by_email(connection, email),
        ):
            if account is None or account.client is None:
                continue
            if account.guest is None:
                await store.delete_user(connection, account.user_id, now=now)
            else:
                await store.delete_client(connection, account.user_id)
        owner = await store.account_by_email(connection, email)
        if owner is not None:
            return owner.user_id
        return await store.add_user(connection, email=email, now=now)

    async def _account(self, connection: AsyncConnection, user_id: int) -> store.Account:
        account = await store.lock_account(connection, user_id)
        if account is None:
            raise UserNotFound
        return account

    async def _send_client_letter(
        self, connection: AsyncConnection, user_id: UserId, email: str, username: str
    ) -> None:
        lifetime = self._lifetimes.verification
        token = await self._links.new(connection, user_id, "client", lifetime=lifetime)
        letter = self._letters.client_verification(
            email=email, username=username, token=token, lifetime=spoken(lifetime)
        )
        await self._outbox.put(connection, letter)

    async def _send_guest_letter(self, connection: AsyncConnection, user_id: UserId, email: str) -> None:
        lifetime = self._lifetimes.verification
        token = await self._links.new(connection, user_id, "guest", lifetime=lifetime)
        letter = self._letters.guest_verification(
            email=email,
            token=token,
            lifetime=spoken(lifetime),
            guest_lifetime=spoken(self._lifetimes.guest),
        )
        await self._outbox.put(connection, letter)


def _taken(error: IntegrityError) -> EmailTaken | UsernameTaken:
    """Which of two at once was slower: constraint names are in what both databases say."""
    told = str(error.orig)
    return UsernameTaken() if "username_key" in told else EmailTaken()
