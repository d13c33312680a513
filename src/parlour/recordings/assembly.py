"""Put the domain of recordings together: use cases, routes, tasks, and where there may be any, recorders."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter

from parlour.accounts.assembly import AccountsFeature
from parlour.bus import FactsMissed
from parlour.core import Core
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded, RecordingRemoved
from parlour.recordings.folder_storage import FolderStorage
from parlour.recordings.http import recording_routes
from parlour.recordings.live_recordings import READ_SECONDS, LiveRecordings
from parlour.recordings.s3_options import S3Options
from parlour.recordings.service import RecordingLimits, Recordings
from parlour.recordings.storage import Storages
from parlour.recordings.upkeep import RecordingUpkeep
from parlour.rooms.facts import RoomRemoved

if TYPE_CHECKING:
    from parlour.recordings.recorders import Recorders
    from parlour.recordings.uploads import Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """The bounds of recordings, the folder where they are made, and the bucket where they go, if there is
    one. With `runs`, this node runs recorders.
    """

    limits: RecordingLimits
    folder: Path
    bucket: S3Options | None
    runs: bool


class RecordingsFeature:
    """Builds the use cases and routes. Recordings of before are served, and deleted in time, where none are
    made any more, too.
    """

    def __init__(self, core: Core, accounts: AccountsFeature, options: RecordingOptions) -> None:
        self._accounts = accounts
        self.service = service = Recordings(database=core.database, limits=options.limits, clock=core.clock)
        self._uploads: Uploads | None = None
        self._storages = self._open(core, options)
        self.live = LiveRecordings(service.live_ones)
        self.recorders: Recorders | None = None
        upkeep = RecordingUpkeep(service, self._storages)
        core.bus.subscribe(RecordingRemoved, upkeep.on_removed)
        core.bus.subscribe(RoomRemoved, upkeep.on_removed)
        core.tasks.repeat("recordings to delete", upkeep.step)
        if options.runs:
            self._run_recorders(core)

    def _open(self, core: Core, options: RecordingOptions) -> Storages:
        folder = FolderStorage(options.folder)
        if options.bucket is None:
            return Storages(folder, None)
        from parlour.recordings.s3_storage import S3Storage
        from parlour.recordings.uploads import Uploads

        objects = S3Storage(options.bucket)
        self._uploads = Uploads(self.service, folder, objects)
        core.tasks.repeat("recordings to S3", self._uploads.step)
        return Storages(folder, objects)

    def _run_recorders(self, core: Core) -> None:
        from parlour.recordings.recorders import CLAIM_SECONDS, Recorders

        live = self.live
        uploads = self._uploads
        completed = (lambda: None) if uploads is None else uploads.look
        self.recorders = Recorders(self.service, self._storages, completed)
        core.bus.subscribe(RecordingBegan, live.on_began)
        core.bus.subscribe(RecordingConsented, live.on_consented)
        core.bus.subscribe(RecordingEnded, live.on_ended)
        core.bus.subscribe(FactsMissed, live.on_facts_missed)
        core.tasks.every(READ_SECONDS, "live recordings", live.load, sooner=live.is_due)
        core.tasks.repeat("recorders", self.recorders.tell_database)
        core.tasks.every(CLAIM_SECONDS, "forsaken recordings", self.recorders.take_forsaken)

    def routers(self) -> list[APIRouter]:
        return [
            recording_routes(
                recordings=self.service,
                storages=self._storages,
                identification=self._accounts.identification,
            )
        ]

    async def close(self) -> None:
        """End the recorders: a recording goes on when the server is back."""
        if self.recorders is not None:
            await self.recorders.close()
        self._storages.close()
