"""The envelope of a message between nodes: its format and its kind, a byte each, then its body. Pure.

A kind never changes what it means. A body may grow by fields that older nodes ignore and that newer ones can
do without; whatever older nodes would misread gets a kind of its own, or a new format. Each node says which
formats it reads (`NodeDescription.formats`), and all write the newest that everybody reads. Nodes that read
format 2, which looks like format 1, answer `RouteEnd` (`parlour.calls.shared.messages`).
"""

from enum import IntEnum

OLDEST_FORMAT = 1
NEWEST_FORMAT = 2
HEAD_LENGTH = 2


class MessageKind(IntEnum):
    """What a message is about. A number that was used once is never used for anything else."""

    FACT = 1
    """Something has become true by a commit at the sender (`parlour.shared_facts`)."""
    ROOMS_IN_USE = 2
    """Calls have begun or ended at the sender (`parlour.calls.rooms_elsewhere`)."""
    ROOMS_IN_USE_WANTED = 3
    """The sender has missed what the receiver told of its calls, and wants to know all of them."""
    CALLS = 4
    """What nodes tell each other about calls in which they have members (`parlour.calls.shared.messages`)."""
    VISIT_WANTED = 5
    """A person whose visit the receiver holds has come to the sender (`parlour.calls.visit_handover`)."""
    VISIT = 6
    """The receiver gets the visit that it asked for, or hears that there is none."""
    CALLS_WANTED = 7
    """The sender wants to know who is in some calls (`parlour.calls.overview_elsewhere`)."""
    CALL_SUMMARIES = 8
    """The answer to that."""
    DIAGNOSIS = 9
    """What `parlour doctor` does and has found on the sender's machine (`parlour.diagnosis.shared_runs`)."""
    TOPOLOGY = 10
    """How the media of a call travel that the sender owns (`parlour.calls.topologies`)."""
    TOPOLOGY_REPORT = 11
    """What a member at the sender says about the topology of a call that the receiver owns."""
    ECHO_WANTED = 13
    """The sender wants to have all that the receiver has sent (`parlour.cluster.echoes`). 12 is taken."""
    ECHO = 14
    """The answer to that."""


def head(kind: MessageKind, message_format: int) -> bytes:
    return bytes((message_format, kind))
