"""URLs of Redis: of one server, or of the sentinels that know which server is the master. Pure."""

import re
from dataclasses import dataclass, field
from typing import Self, TypeAlias
from urllib.parse import unquote

Address: TypeAlias = tuple[str, int]

REDIS_PORT = 6379
SENTINEL_PORT = 26379
MAX_SENTINELS = 16

_URL = re.compile(r"(?P<scheme>[a-z+]+)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(\?(?P<query>[^#]*))?")
_ADDRESS = re.compile(
    r"(\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s,:@\[\]]+))(:(?P<port>[0-9]{0,5}))?", re.ASCII
)
_DATABASE = re.compile(r"[0-9]{0,9}", re.ASCII)
_MASTER_NAME = re.compile(r"[\w.-]+", re.ASCII)
_SCHEMES = {"redis": False, "rediss": True}
_SENTINEL_SCHEMES = {"redis+sentinel": False, "rediss+sentinel": True}


class RedisUrlError(ValueError):
    """A URL that names no Redis. The message never quotes it: it has the password."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and a password, either of which may be missing."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """`addresses` has one server, or the sentinels to ask for the address of `master_name`, which have a
    login of their own.
    """

    addresses: tuple[Address, ...]
    master_name: str | None
    is_tls: bool
    database: int
    login: Login
    sentinel_login: Login

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `redis://user:password@host:6379/0`, or
        `redis+sentinel://user:password@host:26379,host2:26379/mymaster/0`; `rediss` stands for TLS. The query
        of the latter may have `sentinel_username` and `sentinel_password`. Raises RedisUrlError.
        """
        parts = _URL.fullmatch(url)
        if parts is None:
            raise RedisUrlError("is no URL")
        scheme, path, query = parts["scheme"], (parts["path"] or "/")[1:], parts["query"]
        login, _, hosts = parts["authority"].rpartition("@")
        if scheme in _SCHEMES and query is None:
            addresses = (_address(hosts, REDIS_PORT),)
            return cls(addresses, None, _SCHEMES[scheme], _database(path), _login(login), Login())
        if scheme not in _SENTINEL_SCHEMES:
            raise RedisUrlError("has another scheme, or a query")
        found = tuple(_address(host, SENTINEL_PORT) for host in hosts.split(","))
        if len(found) > MAX_SENTINELS:
            raise RedisUrlError("has too many sentinels")
        name, _, database = path.partition("/")
        if not _MASTER_NAME.fullmatch(name):
            raise RedisUrlError("has no name of a master")
        is_tls = _SENTINEL_SCHEMES[scheme]
        return cls(found, name, is_tls, _database(database), _login(login), _sentinel_login(query or ""))


def _address(text: str, port: int) -> Address:
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise RedisUrlError("has an address that is none")
    number = int(parts["port"] or port)
    if not 0 < number < 65_536:
        raise RedisUrlError("has a port that is none")
    return parts["ipv6"] or parts["host"], number


def _database(text: str) -> int:
    if not _DATABASE.fullmatch(text):
        raise RedisUrlError("has a database that is no number")
    return int(text or 0)


def _login(text: str) -> Login:
    username, _, password = text.partition(":")
    return Login(unquote(username) or None, unquote(password) or None)


def _sentinel_login(query: str) -> Login:
    values = {}
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        if name not in ("sentinel_username", "sentinel_password") or name in values:
            raise RedisUrlError("has a query with another name")
        values[name] = unquote(value)
    return Login(values.get("sentinel_username") or None, values.get("sentinel_password") or None)
