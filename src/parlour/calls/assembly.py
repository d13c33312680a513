"""Assemble calls: signaling, its tasks and subscriptions, and the route of ICE servers."""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, SessionsEnded
from parlour.audit.entries import AuditLog
from parlour.bus import FactsMissed
from parlour.calls.arrivals import Arrivals
from parlour.calls.call_overview import CallOverview
from parlour.calls.call_owners import ABSENT_SECONDS, SWEEP_SECONDS, ClusterLink
from parlour.calls.call_records import CallRecords
from parlour.calls.call_replica import CallLimits
from parlour.calls.cluster.connection_quotas import ConnectionLimits, ConnectionQuotas
from parlour.calls.cluster.counted import CountedNode
from parlour.calls.cluster.local import LocalConnections, LocalNode
from parlour.calls.cluster.node import Node
from parlour.calls.cluster.pending_connections import PendingConnections
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.evictions import Evictions
from parlour.calls.fact_subscriber import CallFactSubscriber
from parlour.calls.http import call_routes
from parlour.calls.ice import IcePlan
from parlour.calls.lobby import Lobby
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.participations import TRIM_SECONDS, Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import Presence
from parlour.calls.rate_limiter import EventRates
from parlour.calls.refusals import BrowserCannotEncrypt
from parlour.calls.relay_only import RelayOnly
from parlour.calls.resume_tokens import ResumeTokens
from parlour.calls.rights import RIGHTS_SECONDS, RightsCheck
from parlour.calls.room_entry import RoomEntry
from parlour.calls.room_list import RoomListBroadcaster
from parlour.calls.rooms_elsewhere import RoomsElsewhere
from parlour.calls.service import SignalingService
from parlour.calls.socket.connections import Signaling, TransportOptions, signaling_engine
from parlour.calls.socket.departures import Departures
from parlour.calls.socket.dispatch import EventDispatcher
from parlour.calls.socket.emitter import ConnectionEmitter
from parlour.calls.socket.identification import ConnectIdentification
from parlour.calls.topologies import SWEEP_SECONDS as TOPOLOGY_SECONDS
from parlour.calls.topologies import CallTopologies
from parlour.calls.topology_rules import TopologyThresholds
from parlour.calls.visit_credentials import VisitCredentials
from parlour.calls.visit_handover import VisitHandover
from parlour.chat.assembly import ChatFeature
from parlour.chat.delivery import LOOK_SECONDS, ChatDelivery
from parlour.chat.facts import MessageDeleted, MessageEdited, MessageStored
from parlour.chat.service import Chat
from parlour.core import Core
from parlour.engine import Engine
from parlour.events.assembly import EventsFeature
from parlour.http.proxies import TrustedProxies
from parlour.recordings.assembly import RecordingsFeature
from parlour.rooms.assembly import RoomsFeature
from parlour.rooms.facts import (
    InvitationTakenBack,
    PeopleInvited,
    PersonAdmitted,
    PersonBanned,
    PersonUnbanned,
    RightsTakenElsewhere,
    RoomBecameEvent,
    RoomChanged,
    RoomRemoved,
)
from parlour.sfu_link import SfuLink

if TYPE_CHECKING:
    from parlour.calls.call_recordings import CallRecordings


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The settings of calls. `grace` counts the seconds for which a participation outlives its connection."""

    ice: IcePlan
    grace: int
    limits: CallLimits
    connections: ConnectionLimits
    rates: EventRates
    compression: bool
    base_path: str
    session_prefix: str
    thresholds: TopologyThresholds


@dataclass(frozen=True, slots=True)
class CallNeighbours:
    """The features on which calls depend."""

    accounts: AccountsFeature
    rooms: RoomsFeature
    chat: ChatFeature
    events: EventsFeature
    recordings: RecordingsFeature


class CallsFeature:
    """Builds signaling on this node, its subscriptions and periodic tasks, and the route of ICE servers."""

    def __init__(
        self,
        core: Core,
        neighbours: CallNeighbours,
        proxies: TrustedProxies,
        audit: AuditLog,
        options: CallOptions,
        sfus: SfuLink | None = None,
    ) -> None:
        """`sfus` is None for a server that has none."""
        accounts, rooms = neighbours.accounts, neighbours.rooms.service
        self._core = core
        self._accounts = accounts
        self._ice = options.ice
        presence, emitter = Presence(), ConnectionEmitter()
        link = ClusterLink(core.messages) if core.is_clustered else None
        limits = replace(options.limits, has_sfu=sfus is not None)
        calls = OngoingCalls(core.node_id, limits, link=link)
        self._node: Node = _node(core, emitter, options)
        delivery = PeerDelivery(presence, calls, self._node)
        topologies = None if sfus is None else self._topologies_of(sfus, presence, calls, options)
        relay_only = RelayOnly(options.ice.relay_only)
        authorization = DegradedAuthorization(presence=presence, sessions=accounts.sessions, rooms=rooms)
        elsewhere = RoomsElsewhere(core.messages) if core.is_clustered else None
        self._room_list = RoomListBroadcaster(
            presence=presence,
            calls=calls,
            hidden_rooms_among=rooms.hidden_rooms_among,
            node=self._node,
            elsewhere=elsewhere,
        )
        self._chats = self._ordered_chats(neighbours.chat.service, calls) if core.is_clustered else None
        lobby = Lobby(self._node.deliver)
        records = CallRecords(self._room_list, neighbours.events.attendance, lobby)
        entry = RoomEntry(rooms, authorization, self._chats)
        credentials = VisitCredentials(
            ResumeTokens(accounts.signer, clock=core.clock, grace=options.grace), options.ice, relay_only
        )
        self._participations = Participations(
            presence, calls, delivery, entry, records, credentials.resume_tokens, topologies
        )
        recordings = neighbours.recordings
        told = self._recordings_of(recordings, presence, calls, lobby, topologies)
        arrivals = Arrivals(
            core.node_id,
            presence,
            calls,
            delivery,
            entry,
            records,
            credentials,
            self._participations,
            VisitHandover(core.messages) if core.is_clustered else None,
            topologies,
            told,
        )
        if core.is_clustered:
            self._share(calls, lobby, grace=options.grace)
        self.service = SignalingService(
            presence=presence,
            calls=calls,
            delivery=delivery,
            participations=self._participations,
            arrivals=arrivals,
            rooms=rooms,
            chat=neighbours.chat.service,
            relay_only=relay_only,
            recordings=recordings.service,
            topologies=topologies,
        )
        self._overview = CallOverview(calls, rooms)
        if elsewhere is not None:
            self._overview.join_cluster(core.messages, elsewhere)
        self.evictions = self._evictions_of(presence, delivery, topologies)
        self._subscriber = CallFactSubscriber(delivery, self._participations, self.evictions)
        self._rights = RightsCheck(
            presence, calls, self._participations, self.evictions, authorization, rooms, delivery
        )
        self._subscribe()
        self._register_tasks()
        signaling = Signaling(
            self.service,
            EventDispatcher(self.service, audit=audit),
            ConnectIdentification(
                sessions=accounts.sessions, origins=accounts.origins, authorization=authorization
            ),
            emitter,
            self._node,
        )
        self.engine: Engine = signaling_engine(
            signaling,
            TransportOptions(
                origins=accounts.origins,
                proxies=proxies,
                compression=options.compression,
                base_path=options.base_path,
                session_prefix=options.session_prefix,
            ),
        )
        self.departures = Departures(self.engine, self._node, presence.is_empty, core.echoes)
        self._count(calls)

    def _topologies_of(
        self, sfus: SfuLink, presence: Presence, calls: OngoingCalls, options: CallOptions
    ) -> CallTopologies:
        core = self._core
        topologies = CallTopologies(
            core.node_id,
            presence,
            calls,
            sfus,
            self._node.deliver,
            thresholds=options.thresholds,
            grace=options.grace,
        )
        if core.is_clustered:
            topologies.join_cluster(core.messages)
        core.tasks.repeat("topologies", topologies.consider)
        core.tasks.repeat("rooms on SFUs", topologies.open_rooms)
        core.tasks.repeat("topologies to tell", topologies.tell)
        core.tasks.every(TOPOLOGY_SECONDS, "topologies again", topologies.sweep)
        return topologies

    def _evictions_of(
        self, presence: Presence, delivery: PeerDelivery, topologies: CallTopologies | None
    ) -> Evictions:
        evictions = Evictions(presence, delivery, self._participations)
        if topologies is not None:
            topologies.have_removed(
                lambda peers, room: evictions.remove_peers(peers, room, BrowserCannotEncrypt())
            )
        return evictions

    def _recordings_of(
        self,
        recordings: RecordingsFeature,
        presence: Presence,
        calls: OngoingCalls,
        lobby: Lobby,
        topologies: CallTopologies | None,
    ) -> "CallRecordings | None":
        """Build what has calls recorded, where this server can: it imports what runs the recorders."""
        if topologies is None or recordings.recorders is None:
            return None
        from parlour.calls.call_recordings import CallRecordings

        found = CallRecordings(
            presence,
            calls,
            lobby,
            topologies,
            recordings.service,
            recordings.live,
            recordings.recorders,
            self._node.deliver,
        )
        self._core.tasks.repeat("recordings of calls", found.step)
        return found

    def _share(self, calls: OngoingCalls, lobby: Lobby, *, grace: float) -> None:
        """Share the calls with other nodes."""
        core, tasks = self._core, self._core.tasks
        owners = calls.join_cluster(core.coordinator, core.messages, clock=core.clock, grace=grace)

        async def stop_following() -> None:
            calls.stop_following(lobby.is_waited)

        tasks.repeat("call owners", owners.find_owners)
        tasks.every(ABSENT_SECONDS, "people of dead nodes", owners.end_absent)
        tasks.every(SWEEP_SECONDS, "owned calls", owners.give_free)
        tasks.every(SWEEP_SECONDS, "followed calls", stop_following)

    def _subscribe(self) -> None:
        subscriber, room_list, node = self._subscriber, self._room_list, self._node
        node.subscribe(SessionsEnded, subscriber.on_sessions_ended)
        node.subscribe(GuestTimeEnded, subscriber.on_guest_time_ended)
        node.subscribe(DisplayNameChanged, subscriber.on_display_name_changed)
        self._subscribe_to_chats()
        node.subscribe(PersonBanned, subscriber.on_person_banned)
        node.subscribe(RoomBecameEvent, subscriber.on_room_became_event)
        node.subscribe(RoomRemoved, subscriber.on_room_removed)
        node.subscribe(RoomChanged, subscriber.on_room_changed)
        node.subscribe(PersonAdmitted, room_list.on_person_admitted)
        node.subscribe(InvitationTakenBack, subscriber.on_invitation_taken_back)
        node.subscribe(RightsTakenElsewhere, self._rights.on_rights_taken_elsewhere)
        node.subscribe(FactsMissed, self._rights.on_facts_missed)
        for access_changed in (
            FactsMissed,
            InvitationTakenBack,
            PeopleInvited,
            PersonBanned,
            PersonUnbanned,
            RightsTakenElsewhere,
            RoomBecameEvent,
            RoomChanged,
            RoomRemoved,
        ):
            node.subscribe(access_changed, room_list.on_access_changed)

    def _ordered_chats(self, chat: Chat, calls: OngoingCalls) -> ChatDelivery:
        return ChatDelivery(
            chat,
            lambda fact: self._subscriber.on_chat_fact(fact),
            is_in_use=lambda room_id: calls.replica(room_id) is not None,
            clock=time.monotonic,
        )

    def _subscribe_to_chats(self) -> None:
        """Facts of this process alone come in their order."""
        subscriber, chats, node = self._subscriber, self._chats, self._node
        if chats is None:
            node.subscribe(MessageStored, subscriber.on_message_stored)
            node.subscribe(MessageEdited, subscriber.on_message_edited)
            node.subscribe(MessageDeleted, subscriber.on_message_deleted)
            return
        node.subscribe(MessageStored, chats.on_fact)
        node.subscribe(MessageEdited, chats.on_fact)
        node.subscribe(MessageDeleted, chats.on_fact)
        node.subscribe(RoomRemoved, chats.on_room_removed)
        node.subscribe(FactsMissed, chats.on_facts_missed)

    def _count(self, calls: OngoingCalls) -> None:
        self._core.coordinator.count("sockets", self.engine.sessions.by_sid.__len__)
        self._core.coordinator.count("calls", lambda: len(calls.rooms()))

    def _register_tasks(self) -> None:
        tasks = self._core.tasks
        tasks.repeat("room list", self._room_list.step)
        tasks.repeat("absent members", self._participations.end_absent_members)
        tasks.repeat("unconfirmed peers", self._participations.expire_claims)
        tasks.every(TRIM_SECONDS, "replay buffers", self._participations.trim_replay_buffers)
        tasks.repeat("degraded authorization", self._rights.confirm_degraded)
        if self._chats is not None:
            tasks.repeat("chat order", self._chats.step)
            tasks.every(LOOK_SECONDS, "chat numbers", self._chats.look, sooner=self._chats.look_is_due)
        tasks.repeat("rights in doubt", self._rights.settle_doubts)
        tasks.every(RIGHTS_SECONDS, "rights", self._rights.check_rights, sooner=self._rights.is_due)

    def routers(self) -> list[APIRouter]:
        return [
            call_routes(
                plan=self._ice,
                overview=self._overview,
                identification=self._accounts.identification,
                sessions=self._accounts.sessions,
                clock=self._core.clock,
            )
        ]

    async def close(self) -> None:
        """Close nothing: the server closes the engine's transports before it closes the features."""


def _node(core: Core, connections: LocalConnections, options: CallOptions) -> Node:
    """Return this node; its sockets are counted with those of others where there may be any."""
    pending = PendingConnections()
    quotas = ConnectionQuotas(options.connections, options.rates, clock=time.monotonic)
    if not core.is_clustered:
        return LocalNode(
            core.node_id, bus=core.bus, connections=connections, pending_connections=pending, quotas=quotas
        )
    node = CountedNode(
        core.node_id,
        core.coordinator,
        bus=core.bus,
        connections=connections,
        pending_connections=pending,
        quotas=quotas,
    )
    core.messages.watch(node)
    core.tasks.repeat("socket counts", node.step)
    return node
