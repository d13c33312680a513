"""Questions to single nodes, each with one answer."""

import asyncio
import itertools
from collections.abc import Callable

import msgspec
import structlog

from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages

_NUMBER_BYTES = 8

Respond = Callable[[LeaseId, bytes], bytes]
"""Answers a question of another node, on the event loop. Raises MsgspecError if it cannot be read."""

log = structlog.get_logger("parlour.cluster")


class NodeQuestions:
    """Asks questions of a kind, and answers those of other nodes. Question and answer carry a number."""

    def __init__(
        self, messages: ClusterMessages, question: MessageKind, answer: MessageKind, respond: Respond
    ) -> None:
        self._messages = messages
        self._question, self._answer = question, answer
        self._respond = respond
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[LeaseId, asyncio.Future[bytes | None]]] = {}
        messages.handle(question, self._on_question)
        messages.handle(answer, self._on_answer)
        messages.watch(self)

    async def ask(self, node: LeaseId, question: bytes, *, within: float) -> bytes | None:
        """Return the answer of a node. Return None if none comes within so many seconds, or if the node is
        seen to have left.
        """
        number = next(self._numbers)
        waiting: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = node, waiting
        try:
            if not self._messages.send(node, self._question, _head(number) + question):
                return None
            async with asyncio.timeout(within):
                return await waiting
        except TimeoutError:
            log.warning("cluster.no_answer", kind=self._question.name, node=node)
            return None
        finally:
            del self._waiting[number]

    def _on_question(self, sender: LeaseId, body: bytes) -> None:
        try:
            answer = self._respond(sender, body[_NUMBER_BYTES:])
        except msgspec.MsgspecError as error:
            log.warning("cluster.unreadable_question", kind=self._question.name, error=type(error).__name__)
            return
        self._messages.send(sender, self._answer, body[:_NUMBER_BYTES] + answer)

    def _on_answer(self, _sender: LeaseId, body: bytes) -> None:
        self._settle(int.from_bytes(body[:_NUMBER_BYTES]), body[_NUMBER_BYTES:])

    def _settle(self, number: int, answer: bytes | None) -> None:
        _, waiting = self._waiting.get(number, (None, None))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    # Who is there

    def lease_begun(self, lease: Lease) -> None:
        """Nothing was asked before."""

    def lease_lost(self) -> None:
        for number in self._waiting:
            self._settle(number, None)

    def node_joined(self, lease: Lease) -> None:
        """It may be asked from now on."""

    def node_left(self, lease: Lease) -> None:
        for number, (asked, _) in self._waiting.items():
            if asked == lease.lease_id:
                self._settle(number, None)

    def messages_lost(self, sender: LeaseId) -> None:
        """The answer may be among them or not."""


def _head(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES)
