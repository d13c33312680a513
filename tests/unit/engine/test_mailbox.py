"""Order of calls, where some must wait: any mixture of quick and slow ones runs in its order."""

from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from parlour.engine.mailbox import Mailbox


class Later:
    """Awaitables that are done when the test says so."""

    def __init__(self) -> None:
        self.running: list[Callable[[], None]] = []

    def spawn(self, awaitable: Awaitable[None], done: Callable[[], None]) -> None:
        self.running.append(done)

    def finish(self) -> None:
        self.running.pop()()


class Never:
    def __await__(self):  # type: ignore[no-untyped-def]
        yield


@given(st.lists(st.sampled_from(["quick", "slow", "finish"])))
def test_calls_keep_their_order_one_at_a_time(steps: list[str]) -> None:
    later, called, posted = Later(), [], 0
    mailbox = Mailbox(later.spawn)

    def call(number: int, slow: bool) -> Callable[[], Awaitable[None] | None]:
        def run() -> Awaitable[None] | None:
            assert not later.running, "one at a time"
            called.append(number)
            return Never() if slow else None

        return run

    for step in steps:
        if step == "finish":
            if later.running:
                later.finish()
        else:
            mailbox.run(call(posted, step == "slow"))
            posted += 1
        assert len(called) + len(mailbox) == posted
        assert mailbox.busy == bool(later.running)
    while later.running:
        later.finish()
    assert called == list(range(posted))
    assert len(mailbox) == 0


def test_what_waits_can_be_forgotten() -> None:
    later, called = Later(), []
    mailbox = Mailbox(later.spawn)
    mailbox.run(Never)
    mailbox.run(lambda: called.append(1))
    mailbox.clear()
    later.finish()
    assert called == []
    assert not mailbox.busy
