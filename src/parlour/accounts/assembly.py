"""Assemble the domain of accounts: services, routes, tasks, subscriptions."""

from dataclasses import dataclass

from fastapi import APIRouter

from parlour.accounts.administration import AccountAdministration
from parlour.accounts.credentials.http import credential_routes
from parlour.accounts.credentials.profile import Profile
from parlour.accounts.credentials.service import Credentials
from parlour.accounts.facts import DisplayNameChanged, LoginSucceeded, SessionsEnded
from parlour.accounts.lifetimes import Lifetimes
from parlour.accounts.links.service import MailLinks
from parlour.accounts.passwords.checks import PasswordChecks
from parlour.accounts.passwords.hashing import Passwords
from parlour.accounts.registration.cleanup import AccountCleanup
from parlour.accounts.registration.confirmation import Confirmation
from parlour.accounts.registration.cookie import RegistrationCookie
from parlour.accounts.registration.http import account_routes
from parlour.accounts.registration.link_http import link_routes
from parlour.accounts.registration.link_status import LinkStatuses
from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.accounts.registration.service import Registration
from parlour.accounts.sessions.http import session_routes
from parlour.accounts.sessions.identification import Identification, Origins
from parlour.accounts.sessions.login_responder import LoginResponder, SessionCookies
from parlour.accounts.sessions.revocations import POLL_SECONDS, Revocations
from parlour.accounts.sessions.service import LoginSessions
from parlour.accounts.sessions.terminations import SessionTerminations
from parlour.accounts.tokens import TokenSigner
from parlour.bus import FactsMissed
from parlour.core import Core
from parlour.http.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """Options of accounts: `secret` signs and verifies tokens, `old_secrets` only verify."""

    secret: str
    old_secrets: tuple[str, ...]
    lifetimes: Lifetimes
    registration: RegistrationPolicy


class AccountsFeature:
    """The services of accounts, for the other features; routes and tasks of its own."""

    def __init__(self, core: Core, site: Site, options: AccountOptions) -> None:
        self._site = site
        self._lifetimes = lifetimes = options.lifetimes
        policy = options.registration
        self.signer = TokenSigner(options.secret, options.old_secrets)
        self.passwords = Passwords()
        self.checks = PasswordChecks(self.passwords, core.limits.password_throttle("login"))
        self.links = MailLinks(signer=self.signer, clock=core.clock)
        terminations = SessionTerminations()
        core.bus.subscribe(SessionsEnded, terminations.on_sessions_ended)
        self.sessions = LoginSessions(core, self.signer, lifetimes, terminations, self.checks)
        core.bus.subscribe(SessionsEnded, lambda ended: self.sessions.forget(ended.user_id))
        core.bus.subscribe(DisplayNameChanged, lambda changed: self.sessions.forget(changed.user_id))
        core.bus.subscribe(FactsMissed, lambda _fact: self.sessions.forget_all())
        self.registration = Registration(core, self.passwords, self.links, lifetimes, policy)
        self.confirmation = Confirmation(core, self.links, self.sessions, self.checks, policy)
        self.credentials = Credentials(core, self.links, lifetimes, self.checks, policy)
        self.administration = AccountAdministration(
            database=core.database, passwords=self.passwords, clock=core.clock
        )
        self._profile = Profile(database=core.database)
        self._link_statuses = LinkStatuses(
            database=core.database, links=self.links, looks=core.limits.link_lookups, clock=core.clock
        )
        self.origins = Origins(site.origins, expected=site.url)
        self.identification = Identification(self.sessions, self.origins, core.limits.writes)
        self.cookies = SessionCookies(secure=site.is_https, base_path=site.base_path, clock=core.clock)
        self.login_responder = LoginResponder(
            cookies=self.cookies, identification=self.identification, bus=core.bus
        )
        self._register_tasks(core, terminations)

    def _register_tasks(self, core: Core, terminations: SessionTerminations) -> None:
        cleanup = AccountCleanup(database=core.database, clock=core.clock)
        core.bus.subscribe(LoginSucceeded, cleanup.on_login)
        core.bus.subscribe(FactsMissed, cleanup.on_facts_missed)
        core.tasks.repeat_on_one_node("account cleanup", cleanup.step)
        core.tasks.repeat("forgotten passwords", self.credentials.send_next_reset)
        revocations = Revocations(
            database=core.database, bus=core.bus, terminations=terminations, clock=core.clock
        )
        core.bus.subscribe(FactsMissed, revocations.on_facts_missed)
        core.tasks.every(POLL_SECONDS, "revocations", revocations.poll, sooner=revocations.are_due)

    def routers(self) -> list[APIRouter]:
        registration_cookie = RegistrationCookie(
            secure=self._site.is_https,
            lifetime=self._lifetimes.verification,
            base_path=self._site.base_path,
        )
        return [
            account_routes(
                registration=self.registration,
                confirmation=self.confirmation,
                sessions=self.sessions,
                identification=self.identification,
                cookies=self.cookies,
                registration_cookie=registration_cookie,
                login_responder=self.login_responder,
            ),
            link_routes(statuses=self._link_statuses, registration_cookie=registration_cookie),
            session_routes(sessions=self.sessions, identification=self.identification, cookies=self.cookies),
            credential_routes(
                credentials=self.credentials,
                profile=self._profile,
                identification=self.identification,
            ),
        ]

    async def close(self) -> None:
        self.passwords.close()
