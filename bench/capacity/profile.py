"""The assumptions of a computation: the doings of people, and the load that machines may have."""

from dataclasses import dataclass

RENEWALS = 1 / 0.8
"""A second, of each lease (LeaseTimes.beat); each is three requests in one pipeline."""
CANDIDATE_BYTES, DESCRIPTION_BYTES, DECISION_BYTES, FACT_BYTES = 340.0, 3_200.0, 450.0, 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The doings of the people behind the sockets. Each field is an option of `python -m bench.capacity`."""

    in_call: float = 0.7
    """The share of the sockets that are in a call; the others see the list of rooms."""
    people_per_call: float = 4.0
    joins_per_minute: float = 0.1
    """Of each person in a call: 1/30 if people stay half an hour, three times that at the full hour."""
    candidates_per_peer: float = 12.0
    """Sent to each peer by either side; each side also sends a description."""
    chat_per_minute: float = 0.5
    """Messages of each person in a call."""
    churn_per_minute: float = 0.02
    """The share of the sockets that are lost and come back; in a call, those resume and restart ICE."""
    logins_per_join: float = 0.2
    passwords_per_join: float = 0.3
    refreshes_per_minute: float = 1 / 14
    """Of each person: an access token lasts 15 minutes."""
    event_share: float = 0.2
    """Of the joins: their attendance is kept."""
    heartbeats_per_minute: float = 60 / 25
    room_name_bytes: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The capacity of the machines, and how much of it is used at the peak."""

    node_load: float = 0.6
    """The share of a core that a process uses: more, and delays grow."""
    node_sockets: int = 15_000
    """Sockets of a process at most: it may open 20,000 files on many systems, and its end hits so many."""
    cores_per_machine: int = 16
    redis_load: float = 0.6
    """The share of its one core that Redis uses."""
    network_bytes: float = 1.25e9 / 2
    """Bytes a second of a machine, in either direction: half of 10 Gbit/s."""
    postgres_cores: int = 16
    postgres_load: float = 0.6
    commits: float = 20_000
    """Transactions a second that PostgreSQL's disk takes: an assumption, since disks differ most."""
