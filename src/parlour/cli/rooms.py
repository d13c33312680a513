"""The commands of `parlour room`."""

from typing import TYPE_CHECKING, Any

import click

from parlour.cli.password_option import password_option
from parlour.cli.running import CommandResult, as_json, fail, run, valid

if TYPE_CHECKING:
    from parlour.app import Parlour
    from parlour.rooms.entities import Room
    from parlour.wire.base import RoomEncryption, RoomTopology


@click.group("room")
def room() -> None:
    """Manage rooms."""


@room.command("create")
@click.argument("name")
@click.argument("creator")
@click.option("--description", default="", help="What the room is for.")
@click.option("--unlisted", is_flag=True, help="Hide the room from everyone but its members.")
@click.option("--relay-only", is_flag=True, help="Send sound and video of its calls through TURN alone.")
@click.option(
    "--topology",
    type=click.Choice(["auto", "mesh", "sfu"]),
    default="auto",
    show_default=True,
    help="Send them from browser to browser (mesh), through the SFU, or by the number of people.",
)
@click.option(
    "--encryption",
    type=click.Choice(["auto", "on", "off"]),
    default="auto",
    show_default=True,
    help="Encrypt them end to end through the SFU: always, never, or as PARLOUR_CALL_ENCRYPTION says.",
)
@password_option("PARLOUR_ROOM_PASSWORD")
@as_json
def create(
    name: str,
    creator: str,
    *,
    description: str,
    unlisted: bool,
    relay_only: bool,
    topology: "RoomTopology",
    encryption: "RoomEncryption",
    password: str,
    as_json: bool,
) -> None:
    """Create the room NAME, which belongs to CREATOR, a username or an email address."""
    from parlour.wire.http import NewRoom

    wanted = valid(lambda: NewRoom(name=name, password=password, description=description, creator=creator))

    async def work(parlour: "Parlour") -> CommandResult:
        parlour.rooms.media.require_for(relay_only=relay_only, topology=topology)
        owner = await parlour.accounts.administration.client(wanted.creator)
        await parlour.rooms.administration.create(
            name=wanted.name,
            password=wanted.password,
            description=wanted.description,
            creator=owner,
            is_listed=not unlisted,
            is_relay_only=relay_only,
            topology=topology,
            encryption=encryption,
        )
        return CommandResult(
            lines=[f"Created {wanted.name}."],
            data={"room": wanted.name, "creator": owner.username if owner else None},
            audit=("room", "room_created", wanted.name),
        )

    run(work, as_json=as_json)


@room.command("list")
@as_json
def list_rooms(as_json: bool) -> None:
    """List all rooms: name, kind, creator and creation date."""

    async def work(parlour: "Parlour") -> CommandResult:
        rooms = await parlour.rooms.administration.every_room()
        return CommandResult(
            lines=["\t".join(_columns(room)) for room in rooms] or ["There are no rooms yet."],
            data=[_data(room) for room in rooms],
            audit=("room", "rooms_listed", ""),
        )

    run(work, as_json=as_json)


@room.command("show")
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show the room NAME, including who is invited and who is banned."""

    async def work(parlour: "Parlour") -> CommandResult:
        room, invitations, bans = await parlour.rooms.administration.room(name)
        invited, banned = [invitation.email for invitation in invitations], [ban.email for ban in bans]
        data = {**_data(room), "invited": invited, "banned": banned}
        lines = [
            f"{key}\t{', '.join(value) if isinstance(value, list) else value}" for key, value in data.items()
        ]
        return CommandResult(lines=lines, data=data, audit=("room", "room_shown", room.name))

    run(work, as_json=as_json)


@room.command("password")
@click.argument("name")
@password_option("PARLOUR_ROOM_PASSWORD")
@as_json
def password(name: str, password: str, as_json: bool) -> None:
    """Give the room NAME a new password. People who used the old one can still enter."""
    from parlour.wire.base import ROOM_PASSWORD_LENGTH

    if not 1 <= len(password) <= ROOM_PASSWORD_LENGTH:
        fail(f"password: has to have 1 to {ROOM_PASSWORD_LENGTH} characters.")

    async def work(parlour: "Parlour") -> CommandResult:
        room = await parlour.rooms.administration.set_password(name, password)
        return CommandResult(
            lines=[f"Changed the password of {room.name}."],
            data={"room": room.name},
            audit=("room", "room_password_set", room.name),
        )

    run(work, as_json=as_json)


@room.command("remove")
@click.argument("name")
@as_json
def remove(name: str, as_json: bool) -> None:
    """Remove the room NAME along with its chat, invitations and attendance, and end its call."""

    async def work(parlour: "Parlour") -> CommandResult:
        room = await parlour.rooms.administration.remove(name)
        return CommandResult(
            lines=[f"Removed {room.name}."],
            data={"room": room.name},
            audit=("room", "room_removed", room.name),
        )

    run(work, as_json=as_json)


def _kind(room: "Room") -> str:
    return "event" if room.is_event else "free"


def _columns(room: "Room") -> tuple[str, ...]:
    return (room.name, _kind(room), room.creator_name, f"{room.created_at:%Y-%m-%d}")


def _data(room: "Room") -> dict[str, Any]:
    from parlour.wire.base import iso

    return {
        "name": room.name,
        "kind": _kind(room),
        "creator": room.creator_name,
        "description": room.description,
        "created_at": iso(room.created_at),
    }
