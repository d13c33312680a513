"""The options of each feature, from the settings: the only place that maps settings to options."""

import platform
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from parlour import __version__
from parlour.accounts.assembly import AccountOptions
from parlour.accounts.lifetimes import Lifetimes
from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.caddy.assembly import CaddyCompanion
from parlour.caddy.certificates import certificate_links
from parlour.caddy.configuration import CADDY_ADDRESS, CADDY_HEADER, CaddyOptions
from parlour.calls.assembly import CallOptions
from parlour.calls.call_replica import CallLimits
from parlour.calls.cluster.connection_quotas import ConnectionLimits
from parlour.calls.ice import IcePlan
from parlour.calls.rate_limiter import EventRates
from parlour.calls.topology_rules import TopologyThresholds
from parlour.companions import Companion
from parlour.core import CoreOptions
from parlour.db.database import MOST_CONNECTIONS, driver_url
from parlour.diagnosis.administrators import Administrators
from parlour.diagnosis.assembly import DiagnosisOptions
from parlour.diagnosis.doctor_runs import DOCTOR, DoctorCommand
from parlour.errors import Refusal
from parlour.handover import NumberedWorker
from parlour.http.proxies import TrustedProxies
from parlour.http.site import Site
from parlour.http.webclient import security_headers
from parlour.limits.quotas import Allowances
from parlour.mail.assembly import MailOptions
from parlour.mail.smtp import parsed_sender
from parlour.recordings.assembly import RecordingOptions
from parlour.recordings.installed import has_recorder
from parlour.recordings.refusals import RecorderNotInstalled, RecordingNeedsSfu, RecordingTurnedOff
from parlour.recordings.s3_options import S3Options
from parlour.recordings.service import RecordingLimits
from parlour.rooms.assembly import RoomOptions
from parlour.rooms.creation_policy import CreationPolicy
from parlour.rooms.media_rule import MediaRule
from parlour.settings import PREFIX, Settings
from parlour.sfu.assembly import EmbeddedSfu, SfuCompanion
from parlour.sfu.options import API_ADDRESS, KEY, WEBHOOK_PATH, SfuAccess, SfuOptions
from parlour.turn.assembly import EmbeddedTurn, TurnCompanion
from parlour.turn.options import Certificate, PortRange, TurnOptions
from parlour.wire.http import Configuration

WORKERS_CONNECTIONS, FEWEST_CONNECTIONS = 72, 5
"""The connections to PostgreSQL that all workers of a machine share, and the fewest of each. PostgreSQL
allows 97 to begin with, and a worker that is replaced has its own until its successor is ready."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of every feature of a server that listens on `port`.

    `worker` is there where it is one of several processes, whose parent runs the companions.
    """

    settings: Settings
    port: int
    worker: NumberedWorker | None = None

    @property
    def shows_mail(self) -> bool:
        return self.settings.shows_mail(port=self.port)

    def core(self) -> CoreOptions:
        settings = self.settings
        return CoreOptions(
            database_url=settings.database(),
            database_connections=database_connections(1 if self.worker is None else self.worker.count),
            allow_readable_database=settings.allow_insecure,
            delivers_mail=settings.smtp_url is not None,
            redis_url=None if settings.redis_url is None else settings.redis_url.get_secret_value(),
            counts_secret="" if settings.redis_url is None else settings.secret(),
            cluster_secret="" if settings.redis_url is None else cluster_secret(settings),
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
        settings = self.settings
        if settings.domain is None:
            return TrustedProxies(settings.trusted_proxies, header=settings.proxy_header)
        return TrustedProxies((*settings.trusted_proxies, CADDY_ADDRESS), header=CADDY_HEADER)

    def caddy(self) -> CaddyOptions | None:
        """Return how Caddy runs beside Parlour, None without a domain."""
        settings, public = self.settings, urlsplit(self.settings.url(port=self.port))
        if settings.domain is None:
            return None
        return CaddyOptions(
            domain=settings.domain,
            origin=f"{public.scheme}://{public.netloc}",
            http_port=settings.http_port,
            https_port=settings.https_port,
            upstream_port=self.port,
            authority=settings.acme_ca,
            root=None if settings.acme_root is None else settings.acme_root.resolve(),
            email=settings.acme_email,
            trusted_proxies=settings.trusted_proxies,
            folder=settings.caddy_folder(),
            programs=settings.programs_folder(),
        )

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
            media=MediaRule(has_relay=self.settings.has_relay, has_sfu=self.settings.offers_sfu),
        )

    def calls(self) -> CallOptions:
        settings = self.settings
        return CallOptions(
            ice=self.ice(),
            grace=settings.resume_grace,
            limits=CallLimits(
                people=settings.people_per_call,
                participations=settings.visits_per_person,
                topology=settings.call_topology,
                encryption=settings.call_encryption,
            ),
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
            thresholds=TopologyThresholds(
                up_above=settings.sfu_above,
                down_at=settings.mesh_again_at,
                down_seconds=settings.mesh_again_seconds,
                rest_seconds=settings.topology_rest_seconds,
            ),
            session_prefix="" if self.worker is None else self.worker.session_prefix,
        )

    def ice(self) -> IcePlan:
        """Return the servers that the settings name, or else those of the server that runs beside Parlour."""
        settings = self.settings
        uris = () if self.turn_server is None else self.turn_server.uris()
        return IcePlan(
            stun_urls=settings.ice_urls or tuple(str(uri) for uri in uris if not uri.relays),
            turn_urls=settings.turn_urls or tuple(str(uri) for uri in uris if uri.relays),
            turn_secret=settings.relay_secret() if settings.has_relay else None,
            lifetime=timedelta(seconds=settings.turn_ttl),
            relay_only=settings.relay_only,
        )

    @property
    def turn_server(self) -> TurnOptions | None:
        """Return how the TURN server beside Parlour runs, None without one."""
        return turn_options(self.settings, port=self.port) if self.settings.runs_turn else None

    def embedded_turn(self) -> EmbeddedTurn | None:
        options, settings = self.turn_server, self.settings
        if options is None:
            return None
        return EmbeddedTurn(
            options=options,
            kind=settings.turn_server,
            media_folder=settings.media_folder(),
            folder=settings.data_dir.resolve() / "turn",
        )

    def embedded_sfu(self) -> EmbeddedSfu | None:
        """Return how the SFU beside Parlour runs, None without one."""
        settings = self.settings
        if settings.sfu is None:
            return None
        return EmbeddedSfu(
            options=SfuOptions(
                secret=settings.sfu_secret(),
                api_port=settings.sfu_port,
                udp_port=settings.sfu_udp_port,
                tcp_port=settings.sfu_tcp_port,
                address=settings.sfu_address,
                is_local=settings.is_local(port=self.port),
                webhook_url=self._webhook_url(),
            ),
            media_folder=settings.media_folder(),
            folder=settings.data_dir.resolve() / "sfu",
        )

    def _webhook_url(self) -> str | None:
        """Return where the SFU beside Parlour tells what happens: not by TLS, whose name would not fit."""
        if self.settings.certificate_files is not None:
            return None
        return f"http://{API_ADDRESS}:{self.port}{WEBHOOK_PATH}"

    def sfus(self) -> tuple[SfuAccess, ...]:
        """Return the SFUs that calls may use: the one beside Parlour, and those that are set."""
        settings, embedded = self.settings, self.embedded_sfu()
        key, secret = settings.livekit_key or "", settings.livekit_secret
        found = [
            SfuAccess(name=url, url=url, key=key, secret="" if secret is None else secret.get_secret_value())
            for url in settings.livekit_url
        ]
        if embedded is not None:
            port = embedded.options.api_port
            own = SfuAccess(
                name=f"beside {platform.node()}, {port}",
                url=f"http://{API_ADDRESS}:{port}",
                key=KEY,
                secret=embedded.options.secret,
                is_here=True,
            )
            found.insert(0, own)
        return tuple(found)

    def recordings(self) -> RecordingOptions:
        settings, refused = self.settings, self._refusal_to_record()
        days = settings.recording_retention_days
        return RecordingOptions(
            limits=RecordingLimits(
                at_once=settings.recordings_at_once,
                kept_for=timedelta(days=days) if days else None,
                refused=refused,
            ),
            folder=(settings.recording_dir or settings.data_dir / "recordings").resolve(),
            bucket=self.s3(),
            runs=refused is None,
        )

    def s3(self) -> S3Options | None:
        """Return the bucket of recordings, None without one. Raises SettingsError."""
        settings = self.settings
        if settings.s3_bucket is None:
            return None
        is_path_style = settings.s3_path_style
        return S3Options(
            bucket=settings.s3_bucket,
            prefix=settings.s3_prefix,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            key=settings.s3_key,
            secret=settings.s3_key_secret(),
            is_path_style=settings.s3_endpoint is not None if is_path_style is None else is_path_style,
        )

    def _refusal_to_record(self) -> type[Refusal] | None:
        """Return why this server cannot record calls, None if it can."""
        if not self.settings.recordings_at_once:
            return RecordingTurnedOff
        if not self.sfus():
            return RecordingNeedsSfu
        return None if has_recorder() else RecorderNotInstalled

    def companions(self) -> tuple[Companion, ...]:
        """Return the programs that run beside Parlour, none where the parent process runs them."""
        if self.worker is not None:
            return ()
        found: list[Companion] = []
        turn, sfu, caddy = self.embedded_turn(), self.embedded_sfu(), self.caddy()
        if turn is not None:
            found.append(TurnCompanion(turn))
        if sfu is not None:
            found.append(SfuCompanion(sfu))
        if caddy is not None:
            found.append(CaddyCompanion(caddy))
        return tuple(found)

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
            sfu=settings.offers_sfu,
            contact=settings.contact,
            recording=self._refusal_to_record() is None,
        )

    def diagnosis(self) -> DiagnosisOptions:
        """Return who may run `parlour doctor`; it gets what the options of `serve` have changed, too."""
        settings = self.settings
        changed = {
            "DATA_DIR": str(settings.data_dir.resolve()),
            "PUBLIC_URL": settings.public_url,
            "DOMAIN": settings.domain,
            "TURN": settings.turn,
            "SFU": settings.sfu,
        }
        return DiagnosisOptions(
            administrators=Administrators(frozenset(settings.administrators)),
            command=DoctorCommand(
                (*DOCTOR, str(self.port)),
                {f"{PREFIX}{name}": value for name, value in changed.items() if value is not None},
            ),
        )


def database_connections(workers: int) -> int:
    """Return the most connections to PostgreSQL that each of so many workers opens."""
    return min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, WORKERS_CONNECTIONS // workers))


def cluster_secret(settings: Settings) -> str:
    """Return what the servers of one cluster alone know: the secret, and the file where SQLite is used.

    Servers with files of their own may count limits together, but are no nodes of one cluster: the ids of
    their rooms and people mean different things.
    """
    database = driver_url(settings.database())
    if database.get_backend_name() != "sqlite":
        return settings.secret()
    file = Path(database.database or "").resolve()
    return f"{settings.secret()} {platform.node()} {file}"


def turn_options(settings: Settings, *, port: int) -> TurnOptions:
    """Return what the settings say of a TURN server. While Parlour's own URL is local, so is the relay."""
    first, _, last = settings.turn_relay_ports.partition("-")
    listen = settings.turn_listen
    if not listen and settings.is_local(port=port):
        listen = (ip_address("127.0.0.1"),)
    host = settings.turn_host or urlsplit(settings.url(port=port)).hostname or "localhost"
    certificate = _turn_certificate(settings, host, port=port)
    if host == "localhost":
        host = "127.0.0.1"  # where it listens then; as a name, it may stand for ::1
    return TurnOptions(
        host=host,
        realm=settings.turn_realm,
        secret=settings.relay_secret() or "",
        listen=listen,
        external=settings.turn_external_address,
        port=settings.turn_port,
        tls_port=settings.turn_tls_port,
        relay_ports=PortRange(int(first), int(last)),
        certificate=certificate,
        quota=settings.turn_quota,
        allowed_peers=tuple(ip_network(network) for network in settings.turn_allowed_peers),
        own_services=() if settings.sfu is None else (settings.sfu_udp_port,),
    )


def _turn_certificate(settings: Settings, host: str, *, port: int) -> Certificate | None:
    """Return the files that are set, or else those with which the web pages of the same host are served.

    Caddy's may not be there yet: nobody can open the web pages of its domain before it is. Symbolic links
    stay: certbot renews a certificate by changing where they lead.
    """
    files = None
    if settings.turn_cert is not None and settings.turn_key is not None:
        files = settings.turn_cert, settings.turn_key
    elif host == settings.domain:
        files = certificate_links(settings.caddy_folder())
    elif host == urlsplit(settings.url(port=port)).hostname:
        files = settings.certificate_files
    return None if files is None else Certificate(*(file.absolute() for file in files))
