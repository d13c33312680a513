"""Wait until all that other nodes have sent so far is here."""

import asyncio

from parlour.cluster.coordinator import LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.questions import NodeQuestions


class Echoes:
    """Answers each question of another node at once: messages keep their order between two nodes, so what
    was sent before is there with the answer.
    """

    def __init__(self, messages: ClusterMessages) -> None:
        self._messages = messages
        self._questions = NodeQuestions(messages, MessageKind.ECHO_WANTED, MessageKind.ECHO, _echo)

    async def heard_from_all(self, *, within: float) -> None:
        """Wait until the handlers have had what all others sent before they got this, or for so many seconds:
        one may hang, or be of a version that answers nothing.
        """
        others = list(self._messages.others)
        await asyncio.gather(*(self._questions.ask(other, b"", within=within) for other in others))


def _echo(_asker: LeaseId, question: bytes) -> bytes:
    return question
