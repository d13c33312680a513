"""The options of each feature, from the settings: the only place that maps settings to options."""

from dataclasses import dataclass
from datetime import timedelta

from parlour import __version__
from parlour.accounts.assembly import AccountOptions
from parlour.accounts.lifetimes import Lifetimes
from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.calls.assembly import CallOptions
from parlour.calls.cluster.connection_quotas import ConnectionLimits
from parlour.calls.ice import IcePlan
from parlour.calls.rate_limiter import EventRates
from parlour.calls.room_entry import CallLimits
from parlour.core import CoreOptions
from parlour.http.proxies import TrustedProxies
from parlour.http.site import Site
from parlour.http.webclient import security_headers
from parlour.limits.quotas import Allowances
from parlour.mail.assembly import MailOptions
from parlour.mail.smtp import parsed_sender
from parlour.rooms.assembly import RoomOptions
from parlour.rooms.creation_policy import CreationPolicy
from parlour.rooms.relay_rule import RelayRule
from parlour.settings import Settings
from parlour.wire.http import Configuration


@dataclass(frozen=True, slots=True)
class Options:
    """The options of every feature of a server that listens on `port`."""

    settings: Settings
    port: int

    @property
    def shows_mail(self) -> bool:
        return self.settings.shows_mail(port=self.port)

    def core(self) -> CoreOptions:
        settings = self.settings
        return CoreOptions(
            database_url=settings.database(),
            allow_readable_database=settings.allow_insecure,
            delivers_mail=settings.smtp_url is not None,
            redis_url=None if settings.redis_url is None else settings.redis_url.get_secret_value(),
            counts_secret="" if settings.redis_url is None else settings.secret(),
            allowances=Allowances(
                failures_per_account=settings.failures_per_account,
                failures_per_address=settings.failures_per_address,
                mails_per_recipient=settings.mails_per_recipient,
                mails_per_address=settings.mails_per_address,
                rooms_per_person=settings.rooms_per_person,
                messages_per_person=settings.messages_per_minute,
                writes_per_person=settings.writes_per_minute,
                links_per_address=settings.links_per_minute,
            ),
        )

    def site(self) -> Site:
        settings, port = self.settings, self.port
        return Site(
            url=settings.url(port=port),
            base_path=settings.base_path(port=port),
            own_origins=settings.own_origins(port=port),
            origins=settings.origins(port=port),
            is_https=settings.is_https(port=port),
        )

    def proxies(self) -> TrustedProxies:
        return TrustedProxies(self.settings.trusted_proxies, header=self.settings.proxy_header)

    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        headers = security_headers(origins=self.settings.own_origins(port=self.port))
        if self.settings.is_https(port=self.port):
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers

    def mail(self) -> MailOptions:
        return MailOptions(
            public_url=self.settings.url(port=self.port),
            sender=parsed_sender(self.settings.mail_from),
            server=self.settings.smtp_server(port=self.port),
        )

    def accounts(self) -> AccountOptions:
        settings = self.settings
        return AccountOptions(
            secret=settings.secret(),
            old_secrets=settings.old_secrets(),
            registration=RegistrationPolicy.parsed(settings.registration),
            lifetimes=Lifetimes(
                access=timedelta(seconds=settings.access_token_ttl),
                refresh=timedelta(seconds=settings.refresh_token_ttl),
                unused=timedelta(seconds=settings.unused_session_ttl),
                session=timedelta(seconds=settings.session_ttl),
                guest=timedelta(seconds=settings.guest_ttl),
                verification=timedelta(seconds=settings.verification_ttl),
                password_reset=timedelta(seconds=settings.password_reset_ttl),
            ),
        )

    def rooms(self) -> RoomOptions:
        return RoomOptions(
            creation=CreationPolicy.parsed(self.settings.room_creation),
            lists_to_strangers=self.settings.public_room_list,
            relay=RelayRule(self.settings.has_relay),
        )

    def calls(self) -> CallOptions:
        settings = self.settings
        secret = settings.turn_secret
        return CallOptions(
            ice=IcePlan(
                stun_urls=settings.ice_urls,
                turn_urls=settings.turn_urls,
                turn_secret=None if secret is None else secret.get_secret_value(),
                lifetime=timedelta(seconds=settings.turn_ttl),
                relay_only=settings.relay_only,
            ),
            grace=settings.resume_grace,
            limits=CallLimits(people=settings.people_per_call, participations=settings.visits_per_person),
            connections=ConnectionLimits(
                per_address=settings.sockets_per_address, per_person=settings.sockets_per_person
            ),
            rates=EventRates(
                relays=settings.relays_per_second,
                relay_bytes=settings.relay_bytes_per_second,
                entries=settings.entries_per_second,
                chats=settings.chats_per_second,
                others=settings.others_per_second,
            ),
            compression=settings.compression,
            base_path=settings.base_path(port=self.port),
        )

    def configuration(self) -> Configuration:
        settings, site = self.settings, self.site()
        registration = RegistrationPolicy.parsed(settings.registration)
        return Configuration(
            version=__version__,
            public_url=site.url,
            origins=sorted(site.origins),
            dev_mail=self.shows_mail,
            guest_ttl=settings.guest_ttl,
            verification_ttl=settings.verification_ttl,
            password_reset_ttl=settings.password_reset_ttl,
            people_per_call=settings.people_per_call,
            registration=registration.mode,
            registration_domains=list(registration.domains),
            room_creation=CreationPolicy.parsed(settings.room_creation).mode,
            public_room_list=settings.public_room_list,
            relay=settings.has_relay,
        )
