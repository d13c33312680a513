"""What `parlour doctor` does and has found on a machine, known to all processes that serve there."""

import msgspec
import structlog

from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.diagnosis.doctor_runs import DoctorRuns, DoctorState

log = structlog.get_logger("parlour.diagnosis")


class _Told(msgspec.Struct, frozen=True):
    host: str
    state: DoctorState


_decoder = msgspec.msgpack.Decoder(_Told)


class SharedRuns:
    """Tells the other nodes of this machine what a run does, and learns of theirs.

    A request of an administrator may come to any of them. Other machines have findings of their own.
    """

    def __init__(self, runs: DoctorRuns, messages: ClusterMessages, *, host: str) -> None:
        self._runs = runs
        self._messages = messages
        self._host = host
        messages.handle(MessageKind.DIAGNOSIS, self._receive)
        messages.watch(self)
        runs.on_change = self._tell_all

    def _tell_all(self) -> None:
        for lease in list(self._messages.others.values()):
            self._tell(lease)

    def _tell(self, lease: Lease) -> None:
        """Tell a node of this machine; it goes without where too much waits for it, as before a first run."""
        if lease.description.host == self._host:
            told = msgspec.msgpack.encode(_Told(self._host, self._runs.state))
            self._messages.send(lease.lease_id, MessageKind.DIAGNOSIS, told)

    def _receive(self, sender: LeaseId, body: bytes) -> None:
        try:
            told = _decoder.decode(body)
        except msgspec.MsgspecError as error:
            log.warning("doctor.unreadable_state", sender=sender, error=type(error).__name__)
            return
        if told.host == self._host:
            self._runs.take(told.state)

    # Who is there

    def lease_begun(self, lease: Lease) -> None: ...

    def lease_lost(self) -> None: ...

    def node_joined(self, lease: Lease) -> None:
        if self._runs.state != DoctorState():
            self._tell(lease)

    def node_left(self, lease: Lease) -> None: ...

    def messages_lost(self, sender: LeaseId) -> None: ...
