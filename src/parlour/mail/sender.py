"""Send the outbox: retry with exponential back-off, give up after a day with an entry in the log."""

from collections import deque
from datetime import timedelta
from email.headerregistry import Address

import structlog

from parlour.mail.outbox import Outbox, QueuedMail
from parlour.mail.rendering import MailRenderer
from parlour.mail.smtp import (
    MailDeferred,
    MailRefused,
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
    """Return the back-off after the nth failed attempt: 5 s, doubling, at most an hour."""
    doublings = min(attempts - 1, 20)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings))


class MailSender:
    """Sends the due mails of the outbox; the supervisor repeats `step`."""

    def __init__(self, outbox: Outbox, renderer: MailRenderer, server: SmtpServer, sender: Address) -> None:
        self._outbox = outbox
        self._renderer = renderer
        self._server = server
        self._sender = sender

    async def step(self) -> None:
        """Send all due mails, then wait until another is queued or due."""
        while mails := await self._outbox.claim(at_most=BATCH):
            await self._send_all(mails)
        pause = await self._outbox.seconds_to_next()
        await self._outbox.wait(
            at_most=LONGEST_WAIT_SECONDS if pause is None else min(pause, LONGEST_WAIT_SECONDS)
        )

    async def _send_all(self, mails: list[QueuedMail]) -> None:
        """Send a batch over as few SMTP sessions as possible.

        A mail during which the session breaks is postponed and the rest continues in a new session: the mail
        may be the reason. After BROKEN_IN_A_ROW such mails the server is, and all others are postponed too.
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
        if not await self._outbox.still_claims(queued):
            log.warning("mail.claimed_elsewhere", mail=queued.id)
            return
        try:
            await session.send(self._renderer.render(queued.mail))
        except MailDeferred as error:
            await self._postpone(queued, reason=str(error))
            return
        except MailRefused as error:
            log.error("mail.refused", mail=queued.id, smtp_status=str(error))
        except (SessionBroken, MailServerUnavailable):
            raise
        except Exception as error:  # a mail that cannot be rendered must not block the rest of the batch
            log.exception("mail.failed", mail=queued.id, error=type(error).__name__)
            await self._postpone(queued, reason=type(error).__name__)
            return
        else:
            log.info("mail.sent", mail=queued.id, attempt=queued.attempts)
        await self._outbox.remove(queued)

    async def _postpone(self, queued: QueuedMail, *, reason: str) -> None:
        if self._outbox.age_of(queued) > GIVE_UP_AFTER:
            log.error("mail.given_up", mail=queued.id, attempts=queued.attempts, reason=reason)
            await self._outbox.remove(queued)
            return
        pause = pause_after(queued.attempts)
        await self._outbox.postpone(queued, pause)
        log.warning("mail.postponed", mail=queued.id, reason=reason, seconds=pause.total_seconds())
