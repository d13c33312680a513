"""ICE servers for a client: STUN (RFC 8489) and TURN (RFC 8656) with credentials that expire.

The credentials are those of "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00),
which coturn checks with `use-auth-secret`: the username is the time of expiry and a name, the password
the base64 of its HMAC-SHA1. Pure.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

CREDENTIAL_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class IceServer:
    """The RTCIceServer dictionary of WebRTC 1.0; STUN servers have no credential."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class IceServerList:
    """The answer for a client; `expires_at` is None where no credential in it ends."""

    servers: tuple[IceServer, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IcePlan:
    """The servers that the settings name. Without a secret, TURN URLs are handed out without credentials."""

    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    turn_secret: str | None

    def for_user(self, user: str, *, now: datetime, until: datetime | None = None) -> IceServerList:
        """Issue credentials that end with the caller's session, at `until`, or after `CREDENTIAL_LIFETIME`.

        `user` appears in the TURN server's log, so it must not be an email address. coturn checks the
        credential at each refresh of an allocation too, so a person whose session has ended loses the relay
        within minutes.
        """
        servers = [IceServer(self.stun_urls)] if self.stun_urls else []
        if not self.turn_urls:
            return IceServerList(tuple(servers), None)
        if self.turn_secret is None:
            return IceServerList((*servers, IceServer(self.turn_urls)), None)
        latest = now + CREDENTIAL_LIFETIME
        expires_at = latest if until is None else max(now, min(latest, until))
        username = f"{int(expires_at.timestamp())}:{user}"
        digest = hmac.new(self.turn_secret.encode(), username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        return IceServerList((*servers, IceServer(self.turn_urls, username, credential)), expires_at)
