"""The transactional outbox: mails are stored in the use case's transaction, then claimed and sent later.

A claim is a lease: mails that a crashed sender had claimed are sent again once the lease ends (delivery is
at least once).
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update

from parlour.db.database import Database, Transaction
from parlour.db.tables import outbox
from parlour.mail.contents import Content, Mail, PreRenderedMail
from parlour.mail.facts import MailQueued

LEASE = timedelta(minutes=5)
RENEW_AFTER = timedelta(minutes=1)
"""The age of a claim at which it is renewed before its mail is sent: sending may take minutes."""
log = structlog.get_logger("parlour.mail")

_CONTENT = msgspec.json.Decoder(Content | PreRenderedMail)


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A row of the outbox; `attempts` counts the claims so far, and so tells a claim from a later one."""

    id: int
    mail: Mail
    created_at: datetime
    attempts: int
    claimed_at: datetime | None = None


class Outbox:
    """Stores mails until they are sent; with `delivers` false they stay and are shown at /dev/mail."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], delivers: bool) -> None:
        self._database = database
        self._clock = clock
        self._delivers = delivers
        self._filled = asyncio.Event()

    async def put(self, transaction: Transaction, *mails: Mail) -> None:
        """Queue mails in the caller's transaction; MailQueued after its commit wakes the sender."""
        now = self._clock()
        rows = [
            {
                "recipient": mail.recipient,
                "content": msgspec.json.encode(mail.content).decode(),
                "created_at": now,
                "attempts": 0,
                "next_attempt_at": now if self._delivers else None,
            }
            for mail in mails
        ]
        if rows:
            await transaction.execute(insert(outbox), rows)
            transaction.after_commit(MailQueued())

    def on_queued(self, _fact: MailQueued) -> None:
        self._filled.set()

    async def wait(self, *, at_most: float) -> None:
        """Wait until mails are queued, `at_most` so many seconds."""
        try:
            async with asyncio.timeout(at_most):
                await self._filled.wait()
        except TimeoutError:
            return
        finally:
            self._filled.clear()

    async def claim(self, *, at_most: int) -> list[QueuedMail]:
        """Lease due mails, oldest first. SKIP LOCKED keeps two senders from claiming the same mail."""
        now = self._clock()
        due = (
            select(outbox.c.id)
            .where(outbox.c.next_attempt_at <= now)
            .order_by(outbox.c.id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(outbox)
            .where(outbox.c.id.in_(due.scalar_subquery()))
            .values(next_attempt_at=now + LEASE, attempts=outbox.c.attempts + 1)
            .returning(outbox)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(claimed)).all()
        mails = sorted(_readable(rows), key=lambda queued: queued.id)
        return [replace(queued, claimed_at=now) for queued in mails]

    async def still_claims(self, queued: QueuedMail) -> bool:
        """Renew a claim that may end before the mail is sent; return False if another sender has claimed it.

        The mails of a batch are sent one after the other, and a slow mail server may take minutes for each.
        """
        now = self._clock()
        if queued.claimed_at is not None and now - queued.claimed_at < RENEW_AFTER:
            return True
        claim = _claim_of(queued)
        renewed = update(outbox).where(claim).values(next_attempt_at=now + LEASE).returning(outbox.c.id)
        async with self._database.transaction() as connection:
            return (await connection.execute(renewed)).first() is not None

    async def seconds_to_next(self) -> float | None:
        """Return the seconds until the next mail is due; None if no mail waits."""
        first = select(outbox.c.next_attempt_at).where(outbox.c.next_attempt_at.is_not(None))
        async with self._database.reading() as connection:
            due = (await connection.execute(first.order_by(outbox.c.next_attempt_at).limit(1))).scalar()
        return None if due is None else max(0.0, (due - self._clock()).total_seconds())

    def age_of(self, queued: QueuedMail) -> timedelta:
        return self._clock() - queued.created_at

    async def remove(self, queued: QueuedMail) -> None:
        """Remove a mail, unless another sender has claimed it since."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(outbox).where(_claim_of(queued)))

    async def postpone(self, queued: QueuedMail, pause: timedelta) -> None:
        """Have a mail sent again after a pause, unless another sender has claimed it since."""
        due = self._clock() + pause
        async with self._database.transaction() as connection:
            await connection.execute(update(outbox).where(_claim_of(queued)).values(next_attempt_at=due))

    async def kept(self, recipient: str | None = None, *, at_most: int = 200) -> list[QueuedMail]:
        """Return the mails that are not to be sent, newest first; those to `recipient` alone, if given."""
        newest = select(outbox).where(outbox.c.next_attempt_at.is_(None)).order_by(outbox.c.id.desc())
        if recipient is not None:
            newest = newest.where(outbox.c.recipient == recipient)
        async with self._database.reading() as connection:
            rows = (await connection.execute(newest.limit(at_most))).all()
        return [_queued(row) for row in rows]


def _claim_of(queued: QueuedMail) -> ColumnElement[bool]:
    return and_(outbox.c.id == queued.id, outbox.c.attempts == queued.attempts)


def _readable(rows: Iterable[Row[Any]]) -> Iterator[QueuedMail]:
    """Yield the mails that can be decoded. A mail of a newer version stays queued and blocks no other."""
    for row in rows:
        try:
            yield _queued(row)
        except msgspec.DecodeError as error:
            log.error("mail.unreadable", mail=row.id, error=type(error).__name__)


def _queued(row: Row[Any]) -> QueuedMail:
    mail = Mail(row.recipient, _CONTENT.decode(row.content))
    return QueuedMail(row.id, mail, row.created_at, row.attempts)
