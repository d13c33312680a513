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
    """The answer for a client; `expires_at` and `ttl`, in seconds, are None where no credential in it ends.

    `ttl` is for clients whose clock is wrong.
    """

    servers: tuple[IceServer, ...]
    expires_at: datetime | None = None
    ttl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IcePlan:
    """The servers that the settings name. Without a secret, TURN URLs are handed out without credentials.

    With `relay_only`, clients are asked to send media through TURN alone (RFC 8828, mode 4).
    """

    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    turn_secret: str | None
    lifetime: timedelta = CREDENTIAL_LIFETIME
    relay_only: bool = False

    @property
    def issues_credentials(self) -> bool:
        return bool(self.turn_urls) and self.turn_secret is not None

    def for_user(self, user: str, *, now: datetime, until: datetime | None = None) -> IceServerList:
        """Issue credentials that end with the caller's session, at `until`, or after `lifetime`.

        `user` appears in the TURN server's log, so it must not be an email address. Parlour's own server
        checks the credentials at each refresh of an allocation too, so a person whose session has ended loses
        the relay within minutes; coturn checks them once in a connection.
        """
        servers = (IceServer(self.stun_urls),) if self.stun_urls else ()
        if not self.turn_urls:
            return IceServerList(servers)
        if self.turn_secret is None:
            return IceServerList((*servers, IceServer(self.turn_urls)))
        latest = now + self.lifetime
        expires_at = latest if until is None else max(now, min(latest, until))
        username, credential = turn_credential(self.turn_secret, user, expires_at)
        turn = IceServer(self.turn_urls, username, credential)
        return IceServerList((*servers, turn), expires_at, int((expires_at - now).total_seconds()))


def turn_credential(secret: str, user: str, expires_at: datetime) -> tuple[str, str]:
    """Return the username and the password with which `user` may use a TURN server until `expires_at`."""
    username = f"{int(expires_at.timestamp())}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
