"""The credentials that an acknowledgement brings: the token of the visit, and ICE servers to connect by."""

from typing import Literal

from msgspec import UNSET, UnsetType

from parlour.accounts.identity import Identity
from parlour.calls.ice import IcePlan, IceServer
from parlour.calls.relay_only import RelayOnly
from parlour.calls.resume_tokens import ResumeTokens
from parlour.rooms.entities import Room
from parlour.wire.signaling import IceConfiguration, IceServerEntry


class VisitCredentials:
    """The resume tokens of visits, and their ICE servers with credentials that end with the login session."""

    def __init__(self, resume_tokens: ResumeTokens, plan: IcePlan, relay_only: RelayOnly) -> None:
        self.resume_tokens = resume_tokens
        self.relay_only = relay_only
        self._plan = plan

    def ice(self, identity: Identity, room: Room) -> IceConfiguration | UnsetType:
        """Return the ICE servers, none if the session's end is not known; UNSET if there is nothing to say.

        A connection lives on while its session is refreshed over HTTP, so the end that it knows may have
        passed. Then the client asks `GET /ice`, which looks the session up. A room whose media are to be
        relayed says so even if the server has lost its TURN server: no call is better than one that tells
        addresses.
        """
        plan, now, until = self._plan, self.resume_tokens.now(), identity.known_until
        policy: Literal["relay"] | UnsetType = UNSET
        if self.relay_only.applies_to(room):
            policy = "relay"
        elif not plan.stun_urls and not plan.turn_urls:
            return UNSET
        if plan.issues_credentials and (until is None or until <= now):
            return IceConfiguration([], ice_transport_policy=policy)
        found = plan.for_user(str(identity.user_id), now=now, until=until)
        return IceConfiguration(
            [_entry(server) for server in found.servers],
            ttl=UNSET if found.ttl is None else found.ttl,
            ice_transport_policy=policy,
        )


def _entry(server: IceServer) -> IceServerEntry:
    if server.username is None or server.credential is None:
        return IceServerEntry(list(server.urls))
    return IceServerEntry(list(server.urls), server.username, server.credential)
