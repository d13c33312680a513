"""Questions to single nodes, each with one answer."""

import asyncio
import itertools
from collections.abc import Callable

import msgspec
import structlog

from parlour.cluster.coordinator import LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages

_NUMBER_BYTES = 8

Respond = Callable[[bytes], bytes]
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
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        messages.handle(question, self._on_question)
        messages.handle(answer, self._on_answer)

    async def ask(self, node: LeaseId, question: bytes, *, within: float) -> bytes | None:
        """Return the answer of a node. Return None if none comes within so many seconds."""
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            if not self._messages.send(node, self._question, _head(number) + question):
                return None
            async with asyncio.timeout(within):
                answer: bytes = await waiting
                return answer
        except TimeoutError:
            log.warning("cluster.no_answer", kind=self._question.name, node=node)
            return None
        finally:
            del self._waiting[number]

    def _on_question(self, sender: LeaseId, body: bytes) -> None:
        try:
            answer = self._respond(body[_NUMBER_BYTES:])
        except msgspec.MsgspecError as error:
            log.warning("cluster.unreadable_question", kind=self._question.name, error=type(error).__name__)
            return
        self._messages.send(sender, self._answer, body[:_NUMBER_BYTES] + answer)

    def _on_answer(self, _sender: LeaseId, body: bytes) -> None:
        waiting = self._waiting.get(int.from_bytes(body[:_NUMBER_BYTES]))
        if waiting is not None and not waiting.done():
            waiting.set_result(body[_NUMBER_BYTES:])


def _head(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES)
