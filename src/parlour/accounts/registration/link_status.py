"""What a mailed link would do, without using it: a page says so before anything is typed or pressed."""

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
"""`used` is a link that did its work, or that a newer one or the end of its account made void; `disabled` is
one to a new password for an account that may not log in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """`email` is told only to who has the token; None where nothing is known of the link any more.

    `password_needed` says that confirming a registration takes the password that was chosen with it.
    """

    purpose: Purpose | Literal["client"]
    state: LinkState
    email: str | None = None
    password_needed: bool = False


class LinkStatuses:
    def __init__(
        self, *, database: Database, links: MailLinks, looks: Quota, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._links = links
        self._looks = looks
        self._clock = clock

    async def look(self, token: str, *, browser: str | None, source: RequestSource) -> LinkStatus:
        """Raises InvalidVerification for a token that this server did not sign, or RateLimited."""
        await self._looks.take(rate_limit_prefix(source.address))
        claim = self._links.read_any(token)
        now = self._clock()
        async with self._database.reading() as connection:
            if isinstance(claim, RegistrationToken):
                return await _of_registration(connection, claim, browser, now)
            return await _of_account(connection, claim, now)


async def _of_registration(
    connection: AsyncConnection, claim: RegistrationToken, browser: str | None, now: datetime
) -> LinkStatus:
    found = await registration_store.registration_by_id(connection, claim.registration_id)
    if found is None:
        return LinkStatus(purpose="client", state=_past(claim.expires_at, now))
    if found.user_id is not None:
        return LinkStatus(purpose="client", state="used", email=found.email)
    if claim.expires_at <= now or found.expires_at <= now:
        return LinkStatus(purpose="client", state="expired", email=found.email)
    proven = is_from_browser(found, browser) or await is_undoubted(connection, found, now)
    return LinkStatus(purpose="client", state="valid", email=found.email, password_needed=not proven)


async def _of_account(connection: AsyncConnection, claim: VerificationToken, now: datetime) -> LinkStatus:
    account = await store.account_by_id(connection, claim.user_id)
    link = await link_store.verification(connection, claim.verification_id, user_id=UserId(claim.user_id))
    if account is None or link is None:
        return LinkStatus(purpose=claim.purpose, state=_past(claim.expires_at, now))
    email = account.email
    is_used = link.used_at is not None
    match claim.purpose:
        case "guest":
            is_used = is_used or account.guest is None or account.guest.expires_at is not None
        case "email":
            email = link.new_email or email
        case "stop_email":  # harmless again, until the other link was faster
            is_used = link.new_email is None or email_key(link.new_email) == email_key(email)
        case "password":
            is_used = is_used or account.client is None
    state: LinkState = "used" if is_used else "expired" if claim.expires_at <= now else "valid"
    if state == "valid" and claim.purpose == "password" and _is_disabled(account):
        state = "disabled"
    return LinkStatus(purpose=claim.purpose, state=state, email=email)


def _is_disabled(account: store.Account) -> bool:
    return account.client is not None and account.client.disabled_at is not None


def _past(expires_at: datetime, now: datetime) -> LinkState:
    """Of a link whose account or registration is gone."""
    return "expired" if expires_at <= now else "used"
