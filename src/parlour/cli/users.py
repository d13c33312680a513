"""The commands of `parlour user`."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from parlour.cli.password_option import password_option
from parlour.cli.running import CommandResult, as_json, run, valid

if TYPE_CHECKING:
    from parlour.accounts.administration import AccountFacts
    from parlour.app import Parlour

account_password = password_option("PARLOUR_USER_PASSWORD")


@click.group("user")
def user() -> None:
    """Manage accounts. HANDLE is a username or an email address."""


@user.command("create")
@click.argument("username")
@click.argument("email")
@account_password
@as_json
def create(username: str, email: str, password: str, as_json: bool) -> None:
    """Create a confirmed account without sending an email."""
    from parlour.wire.http import ClientRegistration

    wanted = valid(lambda: ClientRegistration(email=email, username=username, password=password))

    async def work(parlour: "Parlour") -> CommandResult:
        await parlour.accounts.registration.create_client(
            email=wanted.email, username=wanted.username, password=wanted.password
        )
        return CommandResult(
            lines=[f"Created {wanted.username}."],
            data={"username": wanted.username, "email": wanted.email},
            audit=("account", "client_created", wanted.email),
        )

    run(work, as_json=as_json)


@user.command("list")
@as_json
def list_users(as_json: bool) -> None:
    """List all accounts: username, email address, kind, state, last login and display name."""

    async def work(parlour: "Parlour") -> CommandResult:
        accounts = await parlour.accounts.administration.all_accounts()
        return CommandResult(
            lines=["\t".join(_columns(facts)) for facts in accounts] or ["There are no accounts yet."],
            data=[_data(facts) for facts in accounts],
            audit=("account", "accounts_listed", ""),
        )

    run(work, as_json=as_json)


@user.command("show")
@click.argument("handle")
@as_json
def show(handle: str, as_json: bool) -> None:
    """Show what is known about HANDLE."""

    async def work(parlour: "Parlour") -> CommandResult:
        facts, sessions = await parlour.accounts.administration.account(handle)
        data = {**_data(facts), "sessions": sessions}
        return CommandResult(
            lines=[f"{name}\t{'-' if value is None else value}" for name, value in data.items()],
            data=data,
            audit=("account", "account_shown", facts.email),
        )

    run(work, as_json=as_json)


@user.command("password")
@click.argument("handle")
@account_password
@as_json
def password(handle: str, password: str, as_json: bool) -> None:
    """Give HANDLE a new password and end all of their sessions."""
    from pydantic import TypeAdapter

    from parlour.wire.base import Password

    valid(lambda: TypeAdapter(Password).validate_python(password), name="password")

    async def work(parlour: "Parlour") -> CommandResult:
        ended = await parlour.accounts.administration.set_password(handle, password)
        return _ended(f"Changed the password of {handle}", handle, ended, code="password_set")

    run(work, as_json=as_json)


@user.command("name")
@click.argument("handle")
@click.argument("name")
@as_json
def name(handle: str, name: str, as_json: bool) -> None:
    """Set HANDLE's display name to NAME. An empty NAME ("") removes it, so that the username is shown."""
    from pydantic import TypeAdapter

    from parlour.wire.base import DisplayName

    wanted = valid(lambda: TypeAdapter(DisplayName | None).validate_python(name or None), name="name")

    async def work(parlour: "Parlour") -> CommandResult:
        await parlour.accounts.administration.rename(handle, wanted)
        done = f"Removed the display name of {handle}." if wanted is None else f"{handle} is now {wanted}."
        return CommandResult(
            lines=[done],
            data={"user": handle, "display_name": wanted},
            audit=("account", "display_name_set", handle),
        )

    run(work, as_json=as_json)


@user.command("disable")
@click.argument("handle")
@as_json
def disable(handle: str, as_json: bool) -> None:
    """Keep HANDLE from logging in and end all of their sessions."""

    async def work(parlour: "Parlour") -> CommandResult:
        ended = await parlour.accounts.administration.disable(handle)
        return _ended(f"Disabled {handle}", handle, ended, code="account_disabled")

    run(work, as_json=as_json)


@user.command("enable")
@click.argument("handle")
@as_json
def enable(handle: str, as_json: bool) -> None:
    """Let HANDLE log in again after being disabled."""

    async def work(parlour: "Parlour") -> CommandResult:
        await parlour.accounts.administration.enable(handle)
        return CommandResult(
            lines=[f"Enabled {handle}."], data={"user": handle}, audit=("account", "account_enabled", handle)
        )

    run(work, as_json=as_json)


@user.command("delete")
@click.argument("handle")
@as_json
def delete(handle: str, as_json: bool) -> None:
    """Delete HANDLE's account immediately. Their messages and attendance keep their name."""

    async def work(parlour: "Parlour") -> CommandResult:
        await parlour.accounts.administration.delete(handle)
        return CommandResult(
            lines=[f"Deleted {handle}."], data={"user": handle}, audit=("account", "account_deleted", handle)
        )

    run(work, as_json=as_json)


@user.command("logout")
@click.argument("handle")
@as_json
def logout(handle: str, as_json: bool) -> None:
    """End every session of HANDLE; a running server closes their connections."""
    from parlour.accounts.refusals import UserNotFound

    async def work(parlour: "Parlour") -> CommandResult:
        user_id = await parlour.accounts.sessions.find(handle)
        if user_id is None:
            raise UserNotFound
        ended = await parlour.accounts.sessions.end_all(user_id)
        return CommandResult(
            lines=[f"Ended {_sessions(ended)} of {handle}."],
            data={"user": handle, "sessions_ended": ended},
            audit=("login", "sessions_ended", handle),
        )

    run(work, as_json=as_json)


def _ended(done: str, handle: str, ended: int, *, code: str) -> CommandResult:
    return CommandResult(
        lines=[f"{done} and ended {_sessions(ended)}."],
        data={"user": handle, "sessions_ended": ended},
        audit=("account", code, handle),
    )


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


def _columns(facts: "AccountFacts") -> tuple[str, ...]:
    data = _data(facts)
    columns = (data["username"], facts.email, data["kind"], data["state"], data["last_login_at"])
    return tuple(column or "-" for column in (*columns, facts.display_name))


def _data(facts: "AccountFacts") -> dict[str, Any]:
    state = "unconfirmed" if facts.verified_at is None else "active"
    return {
        "username": facts.username,
        "display_name": facts.display_name,
        "email": facts.email,
        "kind": "guest" if facts.username is None else "client",
        "state": state if facts.disabled_at is None else "disabled",
        "created_at": _iso(facts.created_at),
        "verified_at": _iso(facts.verified_at),
        "last_login_at": _iso(facts.last_login_at),
        "disabled_at": _iso(facts.disabled_at),
        "guest_until": _iso(facts.guest_until),
    }


def _iso(moment: datetime | None) -> str | None:
    from parlour.wire.base import iso

    return None if moment is None else iso(moment)
