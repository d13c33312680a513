"""All checks of a server, in the order in which a person would look."""

from parlour.doctor.findings import Check
from parlour.doctor.machine import FilesCheck, SettingsCheck, VersionsCheck
from parlour.doctor.mail import MailCheck
from parlour.doctor.mail_records import MailRecordsCheck
from parlour.doctor.recordings import RecordingsCheck
from parlour.doctor.relays import RelayCheck
from parlour.doctor.sfus import SfuCheck
from parlour.doctor.storage import DatabaseCheck, RedisCheck
from parlour.doctor.web import PortCheck, PublicUrlCheck
from parlour.options import Options
from parlour.settings import Settings


def checks_of(settings: Settings, *, port: int, send_to: str | None) -> list[Check]:
    """List the checks of a server on `port`. Raises SettingsError where the secret cannot be read."""
    options = Options(settings, port)
    return [
        SettingsCheck(settings, port=port),
        FilesCheck(settings),
        DatabaseCheck(settings),
        RedisCheck(settings),
        MailCheck(settings, port=port, send_to=send_to),
        MailRecordsCheck(settings),
        PortCheck(port=port, is_secure=settings.certificate_files is not None),
        PublicUrlCheck(settings, port=port),
        RelayCheck(options.ice(), options.embedded_turn()),
        SfuCheck(options.sfus(), options.embedded_sfu()),
        RecordingsCheck(options.recordings()),
        VersionsCheck(),
    ]
