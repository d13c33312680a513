"""Real servers that the tests start and end: each on a free port, in a temporary folder."""

from tests.servers.parlour import Mail, ParlourServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer, ReplicatedRedis
from tests.servers.smtp import ReceivedMail, SmtpServer

__all__ = [
    "Mail",
    "ParlourServer",
    "PostgresServer",
    "ReceivedMail",
    "RedisServer",
    "ReplicatedRedis",
    "SmtpServer",
]
