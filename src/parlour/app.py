"""The composition root: settings become objects, objects become routes; each is built once, here."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, FastAPI
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from parlour import __version__
from parlour.accounts.administration import AccountAdministration
from parlour.accounts.credentials.http import credential_routes
from parlour.accounts.credentials.profile import Profile
from parlour.accounts.credentials.service import Credentials
from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, LoginSucceeded, SessionsEnded
from parlour.accounts.identity import Identity
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
from parlour.accounts.sessions.known_devices import KnownDevices
from parlour.accounts.sessions.login_responder import LoginResponder, SessionCookies
from parlour.accounts.sessions.revocations import Revocations
from parlour.accounts.sessions.service import LoginSessions
from parlour.accounts.sessions.terminations import SessionTerminations
from parlour.accounts.tokens import TokenSigner
from parlour.audit.counts import AuditCounts
from parlour.audit.entries import AuditLog
from parlour.audit.requests import AuditedRequests
from parlour.bus import Bus
from parlour.calls.connection_quotas import ConnectionLimits, ConnectionQuotas
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.http import call_routes
from parlour.calls.ice import IcePlan
from parlour.calls.participations import CallLimits, Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.pending_connections import PendingConnections
from parlour.calls.presence import Presence
from parlour.calls.rate_limiter import EventRates
from parlour.calls.resume_tokens import ResumeTokens
from parlour.calls.room_list import RoomListBroadcaster
from parlour.calls.service import SignalingService
from parlour.calls.socket import PATH, ConnectionEmitter, Signaling
from parlour.chat.facts import MessageStored
from parlour.chat.http import chat_routes
from parlour.chat.service import Chat
from parlour.db.checkpoints import Checkpoints
from parlour.db.database import Database
from parlour.engine import Engine
from parlour.errors import Unavailable
from parlour.events.attendance import AttendanceLog
from parlour.events.http import event_routes
from parlour.http.base_path import BasePath
from parlour.http.content_encodings import CompressedJson
from parlour.http.dev_mail import dev_mail_routes
from parlour.http.middleware import Cors, FailureResponses, RequestMiddleware, handle_refusals
from parlour.http.openapi import Document, openapi
from parlour.http.proxies import ClientAddresses, TrustedProxies
from parlour.http.request_turns import RequestTurns
from parlour.http.webclient import WebClient, security_headers
from parlour.limits.login_throttle import PasswordThrottle
from parlour.limits.memory_counts import MemoryRateLimitStorage, RateLimitStorage
from parlour.limits.quotas import Allowances, MailQuota, Quota
from parlour.mail.facts import MailQueued
from parlour.mail.outbox import Outbox
from parlour.mail.rendering import MailRenderer
from parlour.mail.sender import MailSender
from parlour.mail.smtp import parsed_sender
from parlour.privacy.export import Export
from parlour.privacy.http import export_routes
from parlour.rooms.administration import RoomAdministration
from parlour.rooms.creation_policy import CreationPolicy
from parlour.rooms.facts import (
    PeopleInvited,
    PersonAdmitted,
    PersonBanned,
    PersonUnbanned,
    RoomBecameEvent,
    RoomRemoved,
)
from parlour.rooms.http import room_routes
from parlour.rooms.invitation_links import InvitationLinks
from parlour.rooms.invitations_http import invitation_routes
from parlour.rooms.service import RoomService
from parlour.settings import Settings
from parlour.wire.asyncapi import asyncapi
from parlour.wire.http import Configuration, Health
from parlour.wire.refusals import refusals

if TYPE_CHECKING:
    from parlour.limits.redis_counts import RedisRateLimitStorage

log = structlog.get_logger("parlour")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Parlour:
    """One server: everything it consists of, and the tasks that live as long as it does."""

    def __init__(self, settings: Settings, *, port: int) -> None:
        self.settings = settings
        self.port = port
        self.bus = Bus()
        self.database = Database(settings.database(), bus=self.bus, allow_readable=settings.allow_insecure)
        self.passwords = Passwords()
        self.proxies = TrustedProxies(settings.trusted_proxies, header=settings.proxy_header)
        self.origins = Origins(settings.origins(port=port), expected=settings.url(port=port))
        self.base_path = settings.base_path(port=port)
        self.outbox = Outbox(self.database, delivers=settings.smtp_url is not None)
        self.bus.subscribe(MailQueued, self.outbox.on_queued)
        lifetimes = Lifetimes(
            access=timedelta(seconds=settings.access_token_ttl),
            refresh=timedelta(seconds=settings.refresh_token_ttl),
            unused=timedelta(seconds=settings.unused_session_ttl),
            session=timedelta(seconds=settings.session_ttl),
            guest=timedelta(seconds=settings.guest_ttl),
            verification=timedelta(seconds=settings.verification_ttl),
            password_reset=timedelta(seconds=settings.password_reset_ttl),
        )
        signer = self.signer = TokenSigner(settings.secret(), settings.old_secrets())
        self.terminations = SessionTerminations()
        self.bus.subscribe(SessionsEnded, self.terminations.on_sessions_ended)
        self.shared_counts = _shared_counts(settings)
        storage: RateLimitStorage = self.shared_counts or MemoryRateLimitStorage()
        allowances = _allowances(settings)
        mail_quota = MailQuota(storage, allowances)
        # Of their own, so that what costs an attacker little takes no place from them.
        failures: RateLimitStorage = self.shared_counts or MemoryRateLimitStorage()
        checks = PasswordChecks(self.passwords, PasswordThrottle(failures, allowances, name="login"))
        self.sessions = LoginSessions(
            database=self.database,
            passwords=self.passwords,
            signer=signer,
            lifetimes=lifetimes,
            terminations=self.terminations,
            checks=checks,
            devices=KnownDevices(signer),
            clock=utc_now,
        )
        self.revocations = Revocations(
            database=self.database, bus=self.bus, terminations=self.terminations, clock=utc_now
        )
        links = MailLinks(signer=signer, clock=utc_now)
        self.mail_renderer = MailRenderer(public_url=settings.url(port=port), sign=links.sign)
        self.registration_policy = RegistrationPolicy.parsed(settings.registration)
        self.registration = Registration(
            database=self.database,
            outbox=self.outbox,
            passwords=self.passwords,
            links=links,
            lifetimes=lifetimes,
            mail_quota=mail_quota,
            policy=self.registration_policy,
            clock=utc_now,
        )
        self.confirmation = Confirmation(
            database=self.database,
            links=links,
            sessions=self.sessions,
            lifetimes=lifetimes,
            checks=checks,
            policy=self.registration_policy,
            clock=utc_now,
        )
        looks = Quota(storage, RateLimitItemPerMinute(settings.links_per_minute, namespace="links"))
        self.link_statuses = LinkStatuses(database=self.database, links=links, looks=looks, clock=utc_now)
        self.invitation_links = InvitationLinks(
            database=self.database, links=links, confirmation=self.confirmation, looks=looks
        )
        self.credentials = Credentials(
            database=self.database,
            outbox=self.outbox,
            passwords=self.passwords,
            links=links,
            lifetimes=lifetimes,
            checks=checks,
            mail_quota=mail_quota,
            registration_policy=self.registration_policy,
            clock=utc_now,
        )
        self.creation_policy = CreationPolicy.parsed(settings.room_creation)
        self.rooms = RoomService(
            database=self.database,
            outbox=self.outbox,
            passwords=self.passwords,
            sessions=self.sessions,
            checks=PasswordChecks(self.passwords, PasswordThrottle(failures, allowances, name="room")),
            links=links,
            mail_quota=mail_quota,
            new_rooms=Quota(storage, RateLimitItemPerHour(allowances.rooms_per_person, namespace="rooms")),
            creation=self.creation_policy,
            clock=utc_now,
        )
        self.chat = Chat(
            database=self.database,
            messages=Quota(
                storage, RateLimitItemPerMinute(allowances.messages_per_person, namespace="messages")
            ),
            clock=utc_now,
        )
        self.writes = Quota(storage, RateLimitItemPerMinute(allowances.writes_per_person, namespace="writes"))
        self.attendance = AttendanceLog(database=self.database, clock=utc_now)
        self.audit_counts = AuditCounts(database=self.database, clock=utc_now)
        self.audit = AuditLog(database=self.database, clock=utc_now, counts=self.audit_counts)
        self.account_administration = AccountAdministration(
            database=self.database, passwords=self.passwords, clock=utc_now
        )
        self.room_administration = RoomAdministration(
            database=self.database, passwords=self.passwords, clock=utc_now
        )
        self._build_signaling()
        self.cleanup = AccountCleanup(database=self.database, clock=utc_now)
        self.bus.subscribe(LoginSucceeded, self.cleanup.on_login)

    def _build_signaling(self) -> None:
        presence = Presence()
        self.pending_connections = PendingConnections()
        emitter = ConnectionEmitter()
        delivery = PeerDelivery(presence, emitter.deliver, emitter.backlog)
        authorization = DegradedAuthorization(presence=presence, sessions=self.sessions, rooms=self.rooms)
        self.room_list = RoomListBroadcaster(presence=presence, rooms=self.rooms, deliver=emitter.deliver)
        self.participations = Participations(
            presence=presence,
            delivery=delivery,
            room_list=self.room_list,
            rooms=self.rooms,
            attendance=self.attendance,
            resume_tokens=ResumeTokens(self.signer, clock=utc_now),
            authorization=authorization,
            grace=self.settings.resume_grace,
            limits=CallLimits(
                people=self.settings.people_per_call, participations=self.settings.visits_per_person
            ),
            deliver=emitter.deliver,
            hang_up=emitter.hang_up,
        )
        self.signaling_service = SignalingService(
            presence=presence,
            delivery=delivery,
            participations=self.participations,
            authorization=authorization,
            room_list=self.room_list,
            rooms=self.rooms,
            chat=self.chat,
            deliver=emitter.deliver,
            hang_up=emitter.hang_up,
        )
        self._subscribe_signaling()
        signaling = Signaling(
            service=self.signaling_service,
            emitter=emitter,
            sessions=self.sessions,
            origins=self.origins,
            proxies=self.proxies,
            pending_connections=self.pending_connections,
            compression=self.settings.compression,
            base_path=self.base_path,
            audit=self.audit,
            quotas=ConnectionQuotas(
                ConnectionLimits(
                    per_address=self.settings.sockets_per_address,
                    per_person=self.settings.sockets_per_person,
                ),
                EventRates(
                    relays=self.settings.relays_per_second,
                    relay_bytes=self.settings.relay_bytes_per_second,
                    entries=self.settings.entries_per_second,
                    chats=self.settings.chats_per_second,
                    others=self.settings.others_per_second,
                ),
                clock=time.monotonic,
            ),
        )
        self.engine = signaling.engine

    def _subscribe_signaling(self) -> None:
        service, room_list, bus = self.signaling_service, self.room_list, self.bus
        bus.subscribe(LoginSucceeded, self.pending_connections.on_login)
        bus.subscribe(SessionsEnded, service.on_sessions_ended)
        bus.subscribe(GuestTimeEnded, service.on_guest_time_ended)
        bus.subscribe(DisplayNameChanged, service.on_display_name_changed)
        bus.subscribe(MessageStored, service.on_message_stored)
        bus.subscribe(PersonBanned, service.on_person_banned)
        bus.subscribe(RoomBecameEvent, service.on_room_became_event)
        bus.subscribe(RoomRemoved, service.on_room_removed)
        bus.subscribe(PersonAdmitted, room_list.on_person_admitted)
        for access_changed in (PeopleInvited, PersonBanned, PersonUnbanned, RoomBecameEvent, RoomRemoved):
            bus.subscribe(access_changed, room_list.on_access_changed)

    def asgi(self) -> ASGIApp:
        """HTTP, signaling and web client on one port."""
        app = self.fastapi = FastAPI(
            title="Parlour",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,  # the redirect would repeat the request's Host header
            lifespan=self._lifespan,
        )
        web_client = WebClient(base_path=self.base_path)
        handle_refusals(app, not_found_page=web_client.not_found_page)
        app.include_router(self._api())
        if self.settings.shows_mail(port=self.port):
            app.include_router(dev_mail_routes(self.outbox, self.mail_renderer))
        app.include_router(self._descriptions(app))
        app.include_router(web_client.routes())
        audited = AuditedRequests(app, self.audit, self.audit_counts, identified=_email_of_caller)
        cors = Cors(
            FailureResponses(RequestTurns(_by_path(CompressedJson(audited), self.engine))),
            allow_origins=sorted(self.origins.allowed),
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
        edge = RequestMiddleware(cors, headers=self.headers(), limits_itself=(PATH,))
        return BasePath(ClientAddresses(edge, self.proxies), self.base_path)

    def headers(self) -> dict[str, str]:
        """Those of every answer."""
        headers = security_headers(origins=self.settings.own_origins(port=self.port))
        if self.settings.is_https(port=self.port):
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers

    def _api(self) -> APIRouter:
        router = APIRouter()
        identification = Identification(self.sessions, self.origins, self.writes)
        cookies = SessionCookies(secure=self.settings.is_https(port=self.port), base_path=self.base_path)
        login_responder = LoginResponder(cookies=cookies, identification=identification, bus=self.bus)
        router.include_router(invitation_routes(links=self.invitation_links, login_responder=login_responder))
        registration_cookie = RegistrationCookie(
            secure=self.settings.is_https(port=self.port),
            lifetime=timedelta(seconds=self.settings.verification_ttl),
            base_path=self.base_path,
        )
        router.include_router(
            account_routes(
                registration=self.registration,
                confirmation=self.confirmation,
                sessions=self.sessions,
                identification=identification,
                cookies=cookies,
                registration_cookie=registration_cookie,
                login_responder=login_responder,
            )
        )
        router.include_router(
            link_routes(statuses=self.link_statuses, registration_cookie=registration_cookie)
        )
        router.include_router(
            session_routes(sessions=self.sessions, identification=identification, cookies=cookies)
        )
        router.include_router(
            credential_routes(
                credentials=self.credentials,
                profile=Profile(database=self.database),
                identification=identification,
                cookies=cookies,
            )
        )
        router.include_router(
            export_routes(
                export=Export(database=self.database),
                credentials=self.credentials,
                sessions=self.sessions,
                identification=identification,
            )
        )
        router.include_router(
            room_routes(
                rooms=self.rooms,
                identification=identification,
                lists_to_strangers=self.settings.public_room_list,
            )
        )
        router.include_router(
            chat_routes(
                chat=self.chat,
                sessions=self.sessions,
                identification=identification,
            )
        )
        router.include_router(
            event_routes(attendance=self.attendance, sessions=self.sessions, identification=identification)
        )
        plan = IcePlan(
            stun_urls=self.settings.ice_urls,
            turn_urls=self.settings.turn_urls,
            turn_secret=None
            if self.settings.turn_secret is None
            else self.settings.turn_secret.get_secret_value(),
        )
        router.include_router(
            call_routes(plan=plan, identification=identification, sessions=self.sessions, clock=utc_now)
        )
        return router

    def _descriptions(self, app: FastAPI) -> APIRouter:
        router = APIRouter(tags=["server"])

        @router.get("/config")
        async def configuration() -> Configuration:
            """What a web client has to know before anybody logs in."""
            return Configuration(
                version=__version__,
                public_url=self.origins.expected,
                origins=sorted(self.origins.allowed),
                dev_mail=self.settings.shows_mail(port=self.port),
                guest_ttl=self.settings.guest_ttl,
                verification_ttl=self.settings.verification_ttl,
                password_reset_ttl=self.settings.password_reset_ttl,
                people_per_call=self.settings.people_per_call,
                registration=self.registration_policy.mode,
                registration_domains=list(self.registration_policy.domains),
                room_creation=self.creation_policy.mode,
                public_room_list=self.settings.public_room_list,
            )

        @router.head("/healthz", include_in_schema=False)
        @router.get("/healthz")
        async def healthz() -> Health:
            """The process is up."""
            return Health(status="ok")

        @router.head("/readyz", include_in_schema=False)
        @router.get("/readyz", responses=refusals(Unavailable))
        async def readyz() -> Health:
            """The database answers, and Redis where it is set."""
            try:
                async with asyncio.timeout(5):
                    await self.database.ping()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                raise Unavailable from error
            if self.shared_counts is not None and not await self.shared_counts.check():
                raise Unavailable
            return Health(status="ok")

        http = Document(partial(openapi, app, base_path=self.base_path))
        signaling = Document(partial(asyncapi, version=__version__))
        router.add_api_route("/openapi.json", http.answer, include_in_schema=False)
        router.add_api_route("/asyncapi.json", signaling.answer, include_in_schema=False)

        return router

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_guarded(run), name=name) for name, run in self._tasks().items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.attendance.aclose()
            with suppress(SQLAlchemyError):
                await self.audit.flush()
                await self.audit_counts.flush()
            self.passwords.close()
            if self.shared_counts is not None:
                await self.shared_counts.aclose()
            await self.database.close()

    def _tasks(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        tasks = {
            "upkeep": self.cleanup.run,
            "revocations": self.revocations.run,
            "forgotten passwords": self.credentials.run,
            "watchers": self.room_list.run,
            "visits": self.participations.run,
            "trust": self.signaling_service.run,
            "attendance": self.attendance.run,
            "audit": self.audit.run,
            "audit counts": self.audit_counts.run,
        }
        if self.database.is_sqlite:
            tasks["checkpoints"] = Checkpoints(self.database).run
        if self.shared_counts is not None:
            tasks["redis"] = self.shared_counts.run
        if (server := self.settings.smtp_server(port=self.port)) is not None:
            sender = MailSender(
                self.outbox, self.mail_renderer, server, parsed_sender(self.settings.mail_from)
            )
            tasks["mail"] = sender.run
        return tasks


def _shared_counts(settings: Settings) -> "RedisRateLimitStorage | None":
    if settings.redis_url is None:
        return None
    from parlour.limits.redis_counts import (
        RedisRateLimitStorage,  # its client takes a tenth of the start, and few have a Redis
    )

    return RedisRateLimitStorage(settings.redis_url.get_secret_value(), secret=settings.secret())


def _allowances(settings: Settings) -> Allowances:
    return Allowances(
        failures_per_account=settings.failures_per_account,
        failures_per_address=settings.failures_per_address,
        mails_per_recipient=settings.mails_per_recipient,
        mails_per_address=settings.mails_per_address,
        rooms_per_person=settings.rooms_per_person,
        messages_per_person=settings.messages_per_minute,
        writes_per_person=settings.writes_per_minute,
    )


async def _guarded(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A task that fails says so and goes on: one bad row must not end mails or rooms for good."""
    while True:
        try:
            await run()
        except Exception as error:
            log.exception("task.failed", task=run.__qualname__, error=type(error).__name__)
            await asyncio.sleep(1)


def _email_of_caller(state: dict[str, Any]) -> str:
    identity: Identity | None = state.get("identity")
    return "" if identity is None else identity.email


def _by_path(app: ASGIApp, engine: Engine) -> ASGIApp:
    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and engine.serves(scope["path"]):
            scope["parlour.route"] = PATH
            await engine.asgi(scope, receive, send)
        else:
            await app(scope, receive, send)

    return dispatch
