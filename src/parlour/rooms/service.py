"""The use cases of rooms: create, list, enter, invite, ban."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy.exc import IntegrityError

from parlour.accounts.identity import Identity, RequestSource, UserId
from parlour.accounts.links.service import MailLinks
from parlour.accounts.passwords.checks import PasswordChecks
from parlour.accounts.sessions.service import LoginSessions
from parlour.core import Core
from parlour.db.database import Transaction
from parlour.db.recent_reads import ReadMark, RecentReads
from parlour.errors import FieldError, InvalidRequest, InvalidToken, NotTheCaller, Refusal
from parlour.languages import known_language
from parlour.limits.password_throttle import Guess
from parlour.mail.contents import Mail, RoomInvitation
from parlour.rooms import policy, store
from parlour.rooms.access import PasswordAccess, RoomKind
from parlour.rooms.authorization import permitted, permitted_to_write
from parlour.rooms.creation_policy import CreationPolicy
from parlour.rooms.entities import Ban, Invitation, Room, RoomId, room_path
from parlour.rooms.entrance import Entrance, entrance
from parlour.rooms.facts import (
    PeopleInvited,
    PersonAdmitted,
    PersonBanned,
    PersonUnbanned,
)
from parlour.rooms.policy import Action, MembershipFacts, Role
from parlour.rooms.refusals import (
    CreatorNotFound,
    CreatorStays,
    NotAdmitted,
    NotInvited,
    RoomNameTaken,
    RoomNotFound,
    TooManyAddresses,
    WrongRoomPassword,
)
from parlour.rooms.store import EVERY_ROOM, RoomFilter
from parlour.scheduling.turns import in_turns
from parlour.wire.address_lists import address_entries
from parlour.wire.addresses import email_key, parsed_email
from parlour.wire.base import RoomEncryption, RoomTopology

MAX_ATTEMPTS = 3
"""The most verifications of a password by one request; only an outdated hash is replaced, and once."""
RECENT_SECONDS = 15.0
"""The age at which the right to enter a room is read again; that of a call's members is read as often."""
PAGE = 200
"""Rooms that are read in one turn of the event loop."""
MAILS_A_TURN = 4
"""Letters that are written in one turn of the event loop."""
MOST_INVITED = 200
"""Entries of one request's lists, whether they are addresses or not."""


@dataclass(frozen=True, slots=True)
class Invited:
    """The outcome of an invitation: addresses that were invited, and entries that are no addresses."""

    invited: list[str]
    rejected: list[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """A room as it is now, who of those asked after may not be in its call, and everyone's display name."""

    room: Room
    refused: dict[UserId, type[Refusal]]
    display_names: dict[UserId, str | None]


class RoomService:
    """One transaction per use case; hashing happens outside of it."""

    def __init__(
        self,
        core: Core,
        checks: PasswordChecks,
        sessions: LoginSessions,
        links: MailLinks,
        creation: CreationPolicy,
    ) -> None:
        self._database = core.database
        self._clock = core.clock
        self._outbox = core.outbox
        self._mail_quota = core.limits.mails
        self._new_rooms = core.limits.rooms
        self._checks = checks
        self._passwords = checks.passwords
        self._sessions = sessions
        self._links = links
        self._creation = creation
        self._recent = RecentReads[UserId, tuple[str, Room]](RECENT_SECONDS)

    async def create(
        self,
        identity: Identity,
        *,
        name: str,
        password: str,
        description: str,
        creator: str,
        source: RequestSource,
        is_listed: bool = True,
        is_relay_only: bool = False,
        topology: RoomTopology = "auto",
        encryption: RoomEncryption = "auto",
    ) -> None:
        """Raises what `policy` and `creation` say, CreatorNotFound, NotTheCaller, RoomNameTaken, RateLimited
        or Busy.
        """
        refused = policy.refusal(Action.CREATE, policy.roles_of(identity), RoomKind.FREE)
        refused = refused or self._creation.refusal(identity)
        if refused is not None:
            raise refused
        creator_id = await self._sessions.find(creator)
        if creator_id is None:
            raise CreatorNotFound
        if creator_id != identity.user_id:
            raise NotTheCaller
        async with self._database.reading() as connection:
            if await store.is_name_taken(connection, name):
                raise RoomNameTaken
        await self._new_rooms.take(str(identity.user_id))
        password_hash = await self._passwords.hash(password, source)
        try:
            async with self._database.transaction() as connection:
                email = await store.hold_user(connection, identity.user_id)
                if email is None:
                    raise InvalidToken
                refused = self._creation.refusal_of_client(email)
                if refused is not None:  # the address may have changed
                    raise refused
                await store.add_room(
                    connection,
                    name=name,
                    password_hash=password_hash,
                    description=description,
                    creator_id=identity.user_id,
                    creator_name=identity.name,
                    is_listed=is_listed,
                    is_relay_only=is_relay_only,
                    topology=topology,
                    encryption=encryption,
                    now=self._clock(),
                )
        except IntegrityError as error:
            raise RoomNameTaken from error

    def may_create(self, identity: Identity) -> bool:
        return self._creation.refusal(identity) is None

    async def give_password(
        self, identity: Identity, *, name: str, password: str, source: RequestSource
    ) -> Room:
        """Admit a person who gives the right password. An event counts invitations alone, not passwords.

        Who may enter already is not held up by what others guess. Raises RoomNotFound, Banned, NotInvited,
        WrongRoomPassword, RateLimited or Busy.
        """
        for _ in range(MAX_ATTEMPTS):
            room = await self._try_password(identity, name=name, password=password, source=source)
            if room is not None:
                return room
        raise WrongRoomPassword

    async def _try_password(
        self, identity: Identity, *, name: str, password: str, source: RequestSource
    ) -> Room | None:
        """None where the password was right for a hash that is no longer the stored one."""
        async with self._database.point_lookup() as connection:
            found = await store.room_and_facts(connection, name, identity.user_id)
        room = _enterable(found, identity=identity)
        if not isinstance(room.access, PasswordAccess):
            return room
        stored_hash = room.access.password_hash
        guess = Guess(
            target=f"room {room.room_id}",
            guesser=f"user {identity.user_id}",
            address=None if _may_enter(found, identity=identity) else source.address,
        )
        verdict = await self._checks.check(password, stored_hash, guess=guess, source=source)
        if not verdict.right:
            raise WrongRoomPassword
        new_hash = await self._passwords.hash(password, source) if verdict.outdated else None
        mark = self._recent.mark(time.monotonic())

        async def admit(connection: Transaction) -> Room | None:
            current = _enterable(
                await store.held_room_and_facts(connection, name, identity.user_id), identity=identity
            )
            if not isinstance(current.access, PasswordAccess):
                return current
            if current.room_id != room.room_id or current.access != room.access:
                return None
            await store.admit(connection, room.room_id, identity.user_id, now=self._clock())
            connection.after_commit(PersonAdmitted(room=current, user_id=identity.user_id))
            if new_hash is not None:
                await store.replace_password(connection, room.room_id, new_hash, instead_of=stored_hash)
            return current

        admitted = await self._database.transact(admit)
        if admitted is not None:
            self._remember(identity, name, admitted, mark)
        return admitted

    async def visible(
        self,
        identity: Identity | None,
        *,
        limit: int | None,
        after: str | None,
        only: RoomFilter = EVERY_ROOM,
    ) -> list[Room]:
        """List rooms by name, read in pages: all in one statement would hold the event loop too long."""
        user_id = None if identity is None else identity.user_id
        found: list[Room] = []
        while limit is None or len(found) < limit:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            async with self._database.reading(snapshot=False) as connection:
                page = await store.visible_rooms(connection, user_id, limit=size, after=after, only=only)
            found += page
            if len(page) < size:
                break
            after = page[-1].name
        return found

    async def invite(
        self, identity: Identity, *, room: str, addresses: list[str], source: RequestSource
    ) -> Invited:
        """A letter goes to each address that is one, save to those that got too many already.

        Raises RoomNotFound, NotTheCreator, TooManyAddresses, InvalidRequest or RateLimited.
        """
        outcome = await _sorted_addresses(addresses)
        async with self._database.reading() as connection:
            await permitted(connection, Action.INVITE, room=room, identity=identity)
        if not outcome.invited:
            raise InvalidRequest(fields=(FieldError.coded("email", "no_valid_address"),))
        # Counting may take a while (Redis), and SQLite has one writer.
        mailed = await self._mail_quota.take_many(outcome.invited, address=source.address)
        async with self._database.transaction() as connection:
            known = await permitted_to_write(connection, Action.INVITE, room=room, identity=identity)
            await store.invite(connection, known.room_id, outcome.invited, now=self._clock())
            connection.after_commit(PeopleInvited(room=known, emails=tuple(outcome.invited)))
            languages = await store.languages_of(connection, mailed)
            content = RoomInvitation(
                inviter=identity.name,
                inviter_name=identity.display_name or "",
                room=known.name,
                path=room_path(known.name),
                is_event=known.is_event,
                starts_at=known.starts_at,
                duration_minutes=known.duration_minutes,
                sequence=known.sequence,
                room_created_at=known.created_at,
            )
            mails = [
                Mail(
                    email,
                    msgspec.structs.replace(
                        content,
                        language=known_language(languages.get(email_key(email), source.language)),
                        link=self._links.to_invitation(room_id=known.room_id, email=email),
                    ),
                )
                async for email in in_turns(mailed, each=10)
            ]
            for start in range(0, len(mails), MAILS_A_TURN):
                await self._outbox.put(connection, *mails[start : start + MAILS_A_TURN])
        return outcome

    async def invitations(self, identity: Identity, *, room: str) -> list[Invitation]:
        async with self._database.reading() as connection:
            known = await permitted(connection, Action.INVITE, room=room, identity=identity)
            return await store.invitations_to(connection, known.room_id)

    async def require_invitation(self, identity: Identity, *, email: str, room: str) -> None:
        """Raises NotTheCaller or NotInvited, which does not tell whether the room exists."""
        if email_key(email) != email_key(identity.email):
            raise NotTheCaller
        async with self._database.reading(snapshot=False) as connection:
            found = await store.room_and_facts(connection, room, identity.user_id)
        if found is None:
            raise NotInvited
        role = policy.deciding_role(policy.roles_of(identity, found[1]))
        if role not in (Role.CREATOR, Role.INVITEE):
            raise NotInvited

    async def rights(self, room: Room, people: Iterable[Identity]) -> Rights | None:
        """Decide again who may be in a call, as the database says now; None where the room is no more."""
        identities = list(people)
        user_ids = [identity.user_id for identity in identities]
        async with self._database.reading() as connection:
            found = await store.room_and_all_facts(connection, room.room_id, user_ids)
            display_names = await store.display_names(connection, user_ids)
        if found is None:
            return None
        known, facts_by_user = found
        refused = {}
        for identity in identities:
            roles = policy.roles_of(identity, facts_by_user[identity.user_id])
            refusal = policy.refusal(Action.ENTER, roles, known.kind)
            if refusal is not None:
                refused[identity.user_id] = refusal
        return Rights(room=known, refused=refused, display_names=display_names)

    async def ban(self, identity: Identity, *, room: str, email: str) -> None:
        """Ban an address and its present owner, who may not enter under another one later either.

        Raises NotTheCreator or CreatorStays.
        """
        async with self._database.transaction() as connection:
            known = await permitted_to_write(connection, Action.BAN, room=room, identity=identity)
            if email_key(email) == email_key(identity.email):
                raise CreatorStays
            banned = await store.ban(connection, known.room_id, email, now=self._clock())
            if identity.user_id in banned:
                raise CreatorStays
            connection.after_commit(PersonBanned(room=known, people=banned))

    async def unban(self, identity: Identity, *, room: str, email: str) -> None:
        """They are what they were before: invited, admitted or neither."""
        async with self._database.transaction() as connection:
            known = await permitted(connection, Action.BAN, room=room, identity=identity)
            await store.unban(connection, known.room_id, email)
            connection.after_commit(PersonUnbanned(room=known, email=email))

    async def bans(self, identity: Identity, *, room: str) -> list[Ban]:
        async with self._database.reading() as connection:
            known = await permitted(connection, Action.BAN, room=room, identity=identity)
            return await store.bans_of(connection, known.room_id)

    async def enter(self, identity: Identity, *, room: str, prepares: bool = False) -> Room:
        """The room, where this person may join its call. Raises RoomNotFound or what policy says.

        With `prepares` the answer counts for a join soon after it, whatever the database is.
        """
        mark = self._recent.mark(time.monotonic())
        async with self._database.point_lookup() as connection:
            found = await permitted(connection, Action.ENTER, room=room, identity=identity)
        self._remember(identity, room, found, mark, prepares=prepares)
        return found

    def entered_lately(self, identity: Identity, *, room: str) -> Room | None:
        """The room that this person may enter under exactly this name, as the database said a moment ago;
        one room for each person.

        A right that another process has taken away since may still count (see RECENT_SECONDS).
        """
        name, found = self._recent.find(identity.user_id, time.monotonic()) or (None, None)
        return found if name == room else None

    def _remember(
        self, identity: Identity, name: str, room: Room, mark: ReadMark, *, prepares: bool = False
    ) -> None:
        """Ask PostgreSQL for each join that was not prepared: while it is away, calls have no newcomers."""
        if prepares or self._database.is_sqlite:
            self._recent.add(identity.user_id, (name, room), mark)

    def forget_rights(self, user_id: UserId | None = None) -> None:
        """Read again who may enter: a person, or anybody, may have lost the right to."""
        if user_id is None:
            self._recent.clear()
        else:
            self._recent.forget(user_id)

    async def needs_password(self, identity: Identity, *, room: str) -> bool:
        """Tell if this person enters only after giving the room's password. Raises what policy says else."""
        async with self._database.point_lookup() as connection:
            try:
                await permitted(connection, Action.ENTER, room=room, identity=identity)
            except NotAdmitted:
                return True
        return False

    async def entrance(self, identity: Identity, *, name: str) -> Entrance:
        """Say how this person gets into a room: a question, so no answer of the policy is raised.

        Raises RoomNotFound.
        """
        mark = self._recent.mark(time.monotonic())
        async with self._database.point_lookup() as connection:
            found = await store.shown_room_and_facts(connection, name, identity.user_id)
        if found is None:
            raise RoomNotFound
        shown = entrance(*found, identity)
        if shown.next_step == "enter":
            self._remember(identity, name, replace(found[0], creator_display_name=None), mark)
        return shown

    async def enterable_among(self, identity: Identity, room_ids: Sequence[RoomId]) -> list[RoomId]:
        """Tell which of these rooms this person may enter; it is asked about a bounded number."""
        async with self._database.reading(snapshot=False) as connection:
            found = await store.rooms_and_facts(connection, room_ids, identity.user_id)
        return [
            room.room_id
            for room, facts in found
            if policy.refusal(Action.ENTER, policy.roles_of(identity, facts), room.kind) is None
        ]

    async def hidden_rooms_among(self, room_ids: Iterable[RoomId]) -> dict[RoomId, set[UserId]]:
        """Which of these rooms are events or not listed, and who may see each."""
        async with self._database.reading() as connection:
            return await store.hidden_rooms_among(connection, room_ids)


def _enterable(found: tuple[Room, MembershipFacts] | None, *, identity: Identity) -> Room:
    """The room, where this person may be let in by its password. Raises what `give_password` does."""
    if found is None:
        raise RoomNotFound
    room, facts = found
    refused = policy.refusal(Action.ENTER, policy.roles_of(identity, facts), room.kind)
    if refused is not None and refused is not NotAdmitted:
        raise refused
    return room


def _may_enter(found: tuple[Room, MembershipFacts] | None, *, identity: Identity) -> bool:
    """Tell if this person needs no password any more."""
    if found is None:
        return False
    room, facts = found
    return policy.refusal(Action.ENTER, policy.roles_of(identity, facts), room.kind) is None


async def _sorted_addresses(addresses: list[str]) -> Invited:
    """Each address once, in its normal form; what is none is passed over. Raises TooManyAddresses."""
    invited: dict[str, str] = {}
    rejected: list[str] = []
    entries = (entry for text in addresses for entry in address_entries(text))
    async for entry in in_turns(entries, each=1):  # one of quotes that do not end takes 5 ms
        try:
            email = parsed_email(entry.address)
        except ValueError:
            rejected.append(entry.text)
        else:
            invited.setdefault(email_key(email), email)
        if len(invited) + len(rejected) > MOST_INVITED:
            raise TooManyAddresses
    return Invited(invited=list(invited.values()), rejected=rejected)
