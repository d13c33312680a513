"""The status of a mailed link, read without using it: a page shows it before the user types or clicks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from parlour.accounts import store
from parlour.accounts.identity import RequestSource, UserId
from parlour.accounts.links import store as link_store
from parlour.accounts.links.service import MailLinks
from parlour.accounts.registration import store as registration_store
from parlour.accounts.registration.confirmation import is_from_browser, is_undoubted
from parlour.accounts.tokens import Purpose, RegistrationToken, VerificationToken
from parlour.db.database import AsyncConnection, Database
from parlour.limits.quotas import Quota, rate_limit_prefix
from parlour.wire.addresses import email_key

LinkState = Literal["valid", "expired", "used", "disabled"]
"""`used`: the link was opened, or made void by a newer link or the end of its account; `disabled`: the link
resets the password of an account that may not log in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """The status of a link; `email` is None if its row is gone, and shown to holders of the token alone.

    `password_needed` means that confirming the registration requires the password chosen with it.
    """

    purpose: Purpose | Literal["client"]
    state: LinkState
    email: str | None = None
    password_needed: bool = False


class LinkStatuses:
    """The use case of looking at a link: verifies its token, limits look-ups per network, uses nothing up."""

    def __init__(
        self, *, database: Database, links: MailLinks, looks: Quota, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._links = links
        self._looks = looks
        self._clock = clock

    async def look(self, token: str, *, browser: str | None, source: RequestSource) -> LinkStatus:
        """Return the status of a link. Raises RateLimited, or InvalidVerification for a forged token."""
        await self._looks.take(rate_limit_prefix(source.address))
        claim = self._links.read_any(token)
        now = self._clock()
        async with self._database.reading() as connection:
            if isinstance(claim, RegistrationToken):
                return await _registration_link_status(connection, claim, browser, now)
            return await _account_link_status(connection, claim, now)


async def _registration_link_status(
    connection: AsyncConnection, claim: RegistrationToken, browser: str | None, now: datetime
) -> LinkStatus:
    registration = await registration_store.registration_by_id(connection, claim.registration_id)
    if registration is None:
        return LinkStatus(purpose="client", state=_state_without_row(claim.expires_at, now))
    if registration.user_id is not None:
        return LinkStatus(purpose="client", state="used", email=registration.email)
    if claim.expires_at <= now or registration.expires_at <= now:
        return LinkStatus(purpose="client", state="expired", email=registration.email)
    proven = is_from_browser(registration, browser) or await is_undoubted(connection, registration, now)
    return LinkStatus(purpose="client", state="valid", email=registration.email, password_needed=not proven)


async def _account_link_status(
    connection: AsyncConnection, claim: VerificationToken, now: datetime
) -> LinkStatus:
    account = await store.account_by_id(connection, claim.user_id)
    link = await link_store.verification(connection, claim.verification_id, user_id=UserId(claim.user_id))
    if account is None or link is None:
        return LinkStatus(purpose=claim.purpose, state=_state_without_row(claim.expires_at, now))
    email = account.email
    is_used = link.used_at is not None
    match claim.purpose:
        case "guest":
            is_used = is_used or account.guest is None or account.guest.expires_at is not None
        case "email":
            email = link.new_email or email
        case "stop_email":  # may be repeated, unless the new address was confirmed first
            is_used = link.new_email is None or email_key(link.new_email) == email_key(email)
        case "password":
            is_used = is_used or account.client is None
    state: LinkState = "used" if is_used else "expired" if claim.expires_at <= now else "valid"
    if state == "valid" and claim.purpose == "password" and _is_disabled(account):
        state = "disabled"
    return LinkStatus(purpose=claim.purpose, state=state, email=email)


def _is_disabled(account: store.Account) -> bool:
    return account.client is not None and account.client.disabled_at is not None


def _state_without_row(expires_at: datetime, now: datetime) -> LinkState:
    """Return the state of a link whose account or registration was deleted."""
    return "expired" if expires_at <= now else "used"
