"""Empties the outbox: retries with growing pauses, gives up after a day and says so in the log."""

from collections import deque
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

import structlog

from parlour.mail.outbox import Outbox, QueuedMail
from parlour.mail.rendering import MailRenderer
from parlour.mail.smtp import (
    LetterDeferred,
    LetterRefused,
    MailServerUnavailable,
    SessionBroken,
    SmtpServer,
    SmtpSession,
    smtp_session,
)

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)
BATCH = 20
BROKEN_IN_A_ROW = 3
LONGEST_WAIT_SECONDS = 60.0

log = structlog.get_logger("parlour.mail")


def pause_after(attempts: int) -> timedelta:
    """How long to wait after the nth failed attempt: 5 s, doubling, at most an hour."""
    doublings = min(attempts - 1, 20)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings))


class MailSender:
    """Sends what the outbox holds; `step` is repeated."""

    def __init__(self, outbox: Outbox, renderer: MailRenderer, server: SmtpServer, sender: Address) -> None:
        self._outbox = outbox
        self._renderer = renderer
        self._server = server
        self._sender = sender

    async def step(self) -> None:
        """Send what is due, then wait for the next mail."""
        while mails := await self._outbox.claim(at_most=BATCH):
            await self._send_all(mails)
        pause = await self._outbox.seconds_to_next()
        await self._outbox.wait(
            at_most=LONGEST_WAIT_SECONDS if pause is None else min(pause, LONGEST_WAIT_SECONDS)
        )

    async def _send_all(self, mails: list[QueuedMail]) -> None:
        """A letter by which the session ends is tried again later; the others go on in a new one, unless
        several in a row end so: then it is the server.
        """
        waiting, broken = deque(mails), 0
        while waiting:
            try:
                async with smtp_session(self._server, self._sender) as session:
                    while waiting:
                        await self._send(session, waiting[0])
                        waiting.popleft()
                        broken = 0
            except SessionBroken as error:
                await self._postpone(waiting.popleft(), reason=str(error))
                broken += 1
                if broken < BROKEN_IN_A_ROW:
                    continue
                reason = str(error)
            except MailServerUnavailable as error:
                reason = str(error)
            for queued in waiting:
                await self._postpone(queued, reason=reason)
            return

    async def _send(self, session: SmtpSession, queued: QueuedMail) -> None:
        try:
            await session.send(self._renderer.render(queued.mail))
        except LetterDeferred as error:
            await self._postpone(queued, reason=str(error))
            return
        except LetterRefused as error:
            log.error("mail.refused", mail=queued.id, smtp_status=str(error))
        except (SessionBroken, MailServerUnavailable):
            raise
        except Exception as error:  # no letter that cannot be written keeps the others from going
            log.exception("mail.failed", mail=queued.id, error=type(error).__name__)
            await self._postpone(queued, reason=type(error).__name__)
            return
        else:
            log.info("mail.sent", mail=queued.id, attempt=queued.attempts)
        await self._outbox.remove(queued.id)

    async def _postpone(self, queued: QueuedMail, *, reason: str) -> None:
        if datetime.now(UTC) - queued.created_at > GIVE_UP_AFTER:
            log.error("mail.given_up", mail=queued.id, attempts=queued.attempts, reason=reason)
            await self._outbox.remove(queued.id)
            return
        pause = pause_after(queued.attempts)
        await self._outbox.postpone(queued.id, pause)
        log.warning("mail.postponed", mail=queued.id, reason=reason, seconds=pause.total_seconds())
