"""A CONNECT or a join soon after a request asks the database nothing, and misses no change made here."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from parlour.accounts.identity import ClientIdentity, SessionId
from parlour.accounts.sessions.revocations import Revocations
from parlour.accounts.sessions.terminations import SessionTerminations
from parlour.app import Parlour
from parlour.errors import InvalidToken
from parlour.rooms.refusals import Banned
from parlour.settings import Settings
from tests.integration.storage.test_facts import SOURCE, Scene, scene
from tests.people import PASSWORD, ROOM_PASSWORD

__all__ = ["scene"]

pytestmark = pytest.mark.database("sqlite")


def is_remembered(scene: Scene, person: ClientIdentity) -> bool:
    return scene.parlour.accounts.sessions.recent(person.user_id, session_of(person)) is not None


def session_of(person: ClientIdentity) -> SessionId:
    assert person.session is not None
    return person.session


async def test_who_has_just_logged_in_refreshed_or_asked_is_remembered(scene: Scene) -> None:
    ann, sessions = await scene.client("ann"), scene.parlour.accounts.sessions
    logged_in = await sessions.log_in(username_or_email=ann.username, password=PASSWORD, source=SOURCE)
    own = logged_in.identity.session
    assert own is not None
    assert own != ann.session
    assert sessions.recent(ann.user_id, own) == ann
    assert not is_remembered(scene, ann), "one session of each person"
    sessions.forget(ann.user_id)
    assert sessions.recent(ann.user_id, own) is None
    refreshed = await sessions.refresh(token=logged_in.refresh_token)
    assert sessions.recent(ann.user_id, own) == ann
    sessions.forget(ann.user_id)
    await sessions.identify_refresh(refreshed.refresh_token)
    assert sessions.recent(ann.user_id, own) == ann
    await sessions.confirm(ann.user_id, session_of(ann))
    assert is_remembered(scene, ann)


@pytest.mark.parametrize(
    "change",
    [
        lambda parlour, ann: parlour.accounts.sessions.log_out(ann.session),
        lambda parlour, ann: parlour.accounts.sessions.end_all(ann.user_id),
        lambda parlour, ann: parlour.accounts.administration.rename(ann.email, "Ann of Green Gables"),
        lambda parlour, ann: parlour.accounts.administration.disable(ann.email),
        lambda parlour, ann: parlour.accounts.administration.set_password(ann.email, "another good phrase"),
        lambda parlour, ann: parlour.accounts.administration.delete(ann.email),
    ],
    ids=["logout", "logout everywhere", "name", "disable", "password", "delete"],
)
async def test_an_account_that_changes_is_read_again(
    scene: Scene, change: Callable[[Parlour, ClientIdentity], Awaitable[object]]
) -> None:
    ann = await scene.client("ann")
    assert is_remembered(scene, ann)
    await change(scene.parlour, ann)
    assert not is_remembered(scene, ann)


async def test_a_session_that_another_process_ends_is_polled_for(scene: Scene, tmp_path: Path) -> None:
    ann, bea = await scene.client("ann"), await scene.client("bea")
    core = scene.parlour.core
    revocations = Revocations(
        database=core.database, bus=core.bus, terminations=SessionTerminations(), clock=core.clock
    )
    other = Parlour(Settings(data_dir=tmp_path, _env_file=None), port=8000)
    for person in (ann, bea):
        await other.accounts.sessions.end_all(person.user_id)
    await other.close()
    with pytest.raises(InvalidToken):
        await scene.parlour.accounts.sessions.confirm(ann.user_id, session_of(ann))
    assert not is_remembered(scene, ann), "a request has found out"
    assert is_remembered(scene, bea)
    await revocations.poll()
    assert not is_remembered(scene, bea)


async def test_a_room_that_someone_was_let_into_is_remembered(scene: Scene) -> None:
    ann, ben, rooms = await scene.client("ann"), await scene.client("ben"), scene.parlour.rooms.service
    name = await scene.room(ann)
    assert (await rooms.entrance(ben, name=name)).next_step == "password"
    assert rooms.entered_lately(ben, room=name) is None
    let_in = await rooms.give_password(ben, name=name, password=ROOM_PASSWORD, source=SOURCE)
    assert rooms.entered_lately(ben, room=name) == let_in
    assert rooms.entered_lately(ben, room=name.upper()) is None, "a name is the database's to know"
    assert rooms.entered_lately(ann, room=name) is None
    for ask in (rooms.enter(ann, room=name), rooms.entrance(ann, name=name)):
        rooms.forget_rights(ann.user_id)
        await ask
        assert rooms.entered_lately(ann, room=name) == let_in


@pytest.mark.parametrize(
    "change",
    [
        lambda parlour, ann, ben, room: parlour.rooms.service.ban(ann, room=room, email=ben.email),
        lambda parlour, ann, _ben, room: parlour.rooms.management.make_event(ann, room=room, source=SOURCE),
        lambda parlour, ann, _ben, room: parlour.rooms.management.remove(ann, room=room, source=SOURCE),
        lambda parlour, _ann, ben, _room: parlour.accounts.sessions.end_all(ben.user_id),
    ],
    ids=["ban", "event", "removal", "sessions"],
)
async def test_rights_that_end_are_read_again(
    scene: Scene, change: Callable[[Parlour, ClientIdentity, ClientIdentity, str], Awaitable[object]]
) -> None:
    ann, ben, rooms = await scene.client("ann"), await scene.client("ben"), scene.parlour.rooms.service
    name = await scene.room(ann)
    await rooms.give_password(ben, name=name, password=ROOM_PASSWORD, source=SOURCE)
    assert rooms.entered_lately(ben, room=name)
    await change(scene.parlour, ann, ben, name)
    assert rooms.entered_lately(ben, room=name) is None


async def test_nobody_is_remembered_who_may_not_enter(scene: Scene) -> None:
    ann, ben, rooms = await scene.client("ann"), await scene.client("ben"), scene.parlour.rooms.service
    name = await scene.room(ann)
    await rooms.ban(ann, room=name, email=ben.email)
    assert (await rooms.entrance(ben, name=name)).next_step is Banned
    with pytest.raises(Banned):
        await rooms.enter(ben, room=name)
    assert rooms.entered_lately(ben, room=name) is None
