"""The rules of the computation and simulation of a cluster, with invented costs."""

from dataclasses import fields, replace
from pathlib import Path

import msgspec
import pytest

from bench.capacity.costs import Costs, Paced, RequestCost, load, save
from bench.capacity.model import (
    BEYOND,
    MOST_SOCKETS,
    batching,
    fewest_nodes,
    limits_reached,
    load_of,
    needs,
    plan,
    traffic,
)
from bench.capacity.profile import Limits, Profile
from bench.capacity.simulation import Load, predict

PROFILE, LIMITS = Profile(), Limits()
MESSAGE = Paced(rested=60e-6, busy=10e-6)
REQUEST = RequestCost(node=2e-3, hashing=0, postgres=1e-3, redis=50e-6, redis_requests=2, commits=1)
COSTS = Costs(
    circumstances="invented",
    node_memory=90e6,
    socket_memory=12e3,
    room_elsewhere_memory=300,
    node_at_rest=0.008,
    heartbeat=40e-6,
    connect=1.2e-3,
    join=MESSAGE,
    decision=300e-6,
    candidate=MESSAGE,
    description=MESSAGE,
    list_room=2e-6,
    list_byte=0.4e-9,
    send=MESSAGE,
    receive=MESSAGE,
    round_trip=0.3e-3,
    fact=30e-6,
    own_question=400e-6,
    redis_at_rest=3e-3,
    redis_wake=15e-6,
    redis_entry=6e-6,
    redis_byte=1e-9,
    redis_renewal=60e-6,
    redis_renewal_lease=2e-6,
    redis_own=20e-6,
    redis_claim=25e-6,
    requests=dict.fromkeys(traffic(1, PROFILE).requests, REQUEST),
    attendance_postgres=1e-3,
)


def test_more_sockets_need_more() -> None:
    before = None
    for sockets in (100, 1_000, 10_000, 100_000):
        found = plan(sockets, PROFILE, COSTS, LIMITS)
        assert found is not None
        assert found.node_load <= LIMITS.node_load
        if before is not None:
            assert found.nodes >= before.nodes
            assert found.node_cores > before.node_cores
            assert found.redis_requests >= before.redis_requests
            assert found.postgres_writes > before.postgres_writes
        before = found


def test_no_fewer_nodes_would_do() -> None:
    for sockets in (20_000, 100_000):
        nodes = fewest_nodes(sockets, PROFILE, COSTS, replace(LIMITS, node_sockets=MOST_SOCKETS))
        assert nodes is not None
        assert needs(sockets, nodes - 1, PROFILE, COSTS, LIMITS).node_load > LIMITS.node_load


def test_a_node_holds_no_more_sockets_than_it_may() -> None:
    found = plan(10_000, PROFILE, COSTS, replace(LIMITS, node_sockets=100))
    assert found is not None
    assert found.nodes == 100


def test_dearer_messages_need_more_nodes() -> None:
    dear = msgspec.structs.replace(COSTS, candidate=Paced(rested=300e-6, busy=100e-6))
    assert (fewest_nodes(100_000, PROFILE, dear, LIMITS) or 0) > (
        fewest_nodes(100_000, PROFILE, COSTS, LIMITS) or 0
    )


@pytest.mark.parametrize("field", [one.name for one in fields(Profile) if one.name != "in_call"])
def test_more_of_anything_that_people_do_costs_no_less(field: str) -> None:
    more = replace(PROFILE, **{field: getattr(PROFILE, field) * 2})
    if field == "people_per_call":  # fewer calls, but more peers
        assert traffic(1_000, more).candidates > traffic(1_000, PROFILE).candidates
        return
    sockets = 100 if field == "room_name_bytes" else 10_000  # longer lists are sent less often
    usual, found = (needs(sockets, 4, profile, COSTS, LIMITS) for profile in (PROFILE, more))
    assert found != usual
    assert found.node_cores >= usual.node_cores


def test_a_single_node_tells_nobody() -> None:
    found = needs(1_000, 1, PROFILE, COSTS, LIMITS)
    assert (found.redis_requests, found.redis_bytes, found.across) == (0, 0, 0)


def test_units() -> None:
    """A thousand people in calls of two who join once a minute."""
    profile = replace(PROFILE, in_call=1, people_per_call=2, joins_per_minute=1, churn_per_minute=0)
    happening = traffic(1_000, profile)
    assert happening.joins == pytest.approx(1_000 / 60)
    assert happening.candidates == pytest.approx(1_000 / 60 * 24), "twelve in each direction"
    assert happening.rooms_changed == pytest.approx(1_000 / 60), "a begin and an end for two joins"
    found = needs(1_000, 2, profile, COSTS, LIMITS)
    assert found.node_memory == pytest.approx(90e6 + 500 * 12e3 + 500 / 2 * 300)


def test_what_all_are_told_ends_the_growth_and_its_remedy_goes_on() -> None:
    reached = limits_reached(PROFILE, COSTS, LIMITS)
    assert reached[0].sockets <= reached[-1].sockets
    (end,) = (one for one in reached if one.name == "node")
    assert plan(end.sockets, PROFILE, COSTS, LIMITS) is None
    assert plan(end.sockets - 1, PROFILE, COSTS, LIMITS) is not None
    assert plan(end.sockets, PROFILE, COSTS, LIMITS, BEYOND) is not None
    assert all(one.then for one in reached)


def test_each_limit_is_the_first_number_that_exceeds_it() -> None:
    (redis,) = (one for one in limits_reached(PROFILE, COSTS, LIMITS) if one.name == "redis")
    at, below = (plan(count, PROFILE, COSTS, LIMITS) for count in (redis.sockets, redis.sockets - 1))
    assert at is not None
    assert below is not None
    assert at.redis_cores > LIMITS.redis_load >= below.redis_cores


def test_batches() -> None:
    assert batching(0, 3, 1e-3) == batching(500, 3, 1e-3) == 1, "each message finds no round under way"
    assert batching(100_000, 1, 1e-3) == pytest.approx(100)
    assert batching(100_000, 3, 1e-3) == pytest.approx(100 / 3, rel=0.01)
    assert batching(100_000, 10_000, 1e-3) == pytest.approx(1, rel=0.01)


def test_a_busy_process_pays_for_no_wake_up() -> None:
    assert Paced(rested=50, busy=10).at(0) == 50
    assert Paced(rested=50, busy=10).at(1) == Paced(rested=50, busy=10).at(7) == 10


def test_costs_are_kept(tmp_path: Path) -> None:
    save(COSTS, tmp_path / "costs.json")
    assert load(tmp_path / "costs.json") == COSTS


LOAD = Load(nodes=4, rate=2_000, across=0.75, cores=2, seconds=1.0)


def test_a_simulation_is_the_same_each_time() -> None:
    assert predict(COSTS, LOAD, seed=3) == predict(COSTS, LOAD, seed=3)
    random = replace(LOAD, is_even=False)
    assert predict(COSTS, random, seed=3) != predict(COSTS, random, seed=4)


def test_a_simulation_uses_what_is_computed_by_hand() -> None:
    """A message of a light load finds all at rest: it pays for every wake-up, and for its own entry."""
    light = replace(LOAD, nodes=2, rate=100, across=1.0, cores=None, seconds=10)
    found = predict(COSTS, light)
    sender = COSTS.candidate.rested - COSTS.candidate.busy / 2 + COSTS.send.rested
    receiver = COSTS.receive.rested + COSTS.candidate.busy / 2
    assert found.batch == pytest.approx(1, rel=0.01)
    assert found.node * 2 == pytest.approx(2 * COSTS.node_at_rest + 100 * (sender + receiver), rel=0.03)
    assert found.redis_requests == pytest.approx(2 * 100 + 2 * 3 / 0.8, rel=0.05)
    redis = 100 * (COSTS.redis_entry + 2 * COSTS.redis_wake + 340 * COSTS.redis_byte)
    assert found.redis == pytest.approx(redis + COSTS.redis_at_rest, rel=0.05)


def test_heavier_loads_take_longer_and_share_their_rounds() -> None:
    light, heavy = (
        predict(COSTS, replace(LOAD, rate=rate, cores=2, seconds=0.5)) for rate in (2_000, 60_000)
    )
    assert heavy.p99 > light.p99
    assert heavy.batch > light.batch
    assert heavy.node < 30 * light.node


def test_calls_at_one_node_ask_nothing_of_redis() -> None:
    alone = predict(COSTS, replace(LOAD, across=0.0))
    assert alone.redis_requests < 4 * (3 / 0.8 + 2)
    assert alone.node < predict(COSTS, LOAD).node


def test_the_delay_between_two_nodes_is_the_measured_one() -> None:
    slow = msgspec.structs.replace(COSTS, round_trip=2e-3)
    load = replace(LOAD, nodes=2, rate=500, across=1.0, cores=None, from_sockets=False)
    assert predict(slow, load).p50 == pytest.approx(2e-3, rel=0.1)


def test_a_plan_is_simulated_with_the_load_that_was_computed() -> None:
    found = plan(20_000, PROFILE, COSTS, LIMITS)
    assert found is not None
    predicted = predict(COSTS, load_of(found, PROFILE, COSTS, LIMITS))
    assert predicted.node == pytest.approx(found.node_load, rel=0.5), "without passwords and lists of rooms"
    assert predicted.p50 <= predicted.p99 < 0.1
