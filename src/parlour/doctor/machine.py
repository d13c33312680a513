"""Checks of the settings and of the machine, for which no other server has to be asked."""

import os
import platform
import resource
import shutil
import sqlite3
from pathlib import Path

from parlour import __version__
from parlour.doctor.findings import Finding, Report
from parlour.settings import Settings, SettingsError

FEW_FILES = 4096
LITTLE_SPACE, HARDLY_ANY_SPACE = 1 << 30, 64 << 20


class SettingsCheck:
    """The settings fit together, and nothing is missing that people would miss."""

    name = "settings"

    def __init__(self, settings: Settings, *, port: int) -> None:
        self._settings = settings
        self._port = port

    async def run(self) -> list[Finding]:
        report, settings, port = Report(self.name), self._settings, self._port
        try:
            settings.require_safe(host="127.0.0.1", port=port)
            settings.require_https(host="127.0.0.1", port=port)
            settings.require_relay()
            settings.require_sfu()
            settings.require_recordings()
            settings.secret()
        except SettingsError as error:
            report.fail(
                str(error), "Change this setting in the environment or in .env, and start Parlour again."
            )
            return report.findings
        report.ok(f"people open {settings.url(port=port)}.")
        if settings.is_local(port=port):
            report.warn(
                "the public URL is this machine's own name, so nobody else can come.",
                "Set PARLOUR_PUBLIC_URL to the https:// address that people are to open.",
            )
        elif not settings.is_https(port=port):
            report.warn(
                "without https, browsers give pages no camera and no microphone.",
                "Serve https with PARLOUR_DOMAIN, or put a reverse proxy with a certificate in front, and "
                "set PARLOUR_PUBLIC_URL to https://….",
            )
        if settings.is_https(port=port) and not settings.ends_https and not settings.trusted_proxies:
            report.warn(
                "no proxy is trusted, so everybody seems to come from the proxy's own address, and limits "
                "count them as one.",
                "Set PARLOUR_TRUSTED_PROXIES to the address of the reverse proxy, such as 127.0.0.1.",
            )
        return report.findings


class FilesCheck:
    """The data folder is private and has space; enough files and connections can be open."""

    name = "files"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        self._check_folder(report)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < FEW_FILES:
            report.warn(
                f"only {hard} files can be open at once, so about as many people can be connected.",
                "Raise the limit: LimitNOFILE=65536 in the systemd unit, or ulimit -n before the start.",
            )
        else:
            report.ok(
                f"{'any number of' if hard == resource.RLIM_INFINITY else hard} files can be open at once."
            )
        return report.findings

    def _check_folder(self, report: Report) -> None:
        folder = self._settings.data_dir
        try:
            is_private = self._settings.keeps_data_private()
            if not os.access(folder, os.W_OK | os.X_OK):
                raise SettingsError(f"PARLOUR_DATA_DIR: {folder} cannot be written to.")
        except SettingsError as error:
            report.fail(str(error), f"Give the folder to the user who runs Parlour: chown -R … {folder}.")
            return
        if not is_private:
            report.warn(
                f"other users of this machine can list {folder}.", f"Run chmod 700 {folder} as its owner."
            )
        space_of(report, folder)


def space_of(report: Report, folder: Path) -> None:
    """Say how much space is left where a folder is."""
    free = shutil.disk_usage(folder).free
    if free < HARDLY_ANY_SPACE:
        report.fail(
            f"the disk of {folder} is full ({free >> 20} MB are left).",
            "Make space: without it nothing can be stored, and people cannot log in.",
        )
    elif free < LITTLE_SPACE:
        report.warn(
            f"only {free >> 20} MB are left on the disk of {folder}.", "Make space before it is full."
        )
    else:
        report.ok(f"{free >> 30} GB are left on the disk of {folder}.")


class VersionsCheck:
    """The versions in use, for a report."""

    name = "versions"

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        python = platform.python_version()
        report.ok(
            f"Parlour {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}, "
            f"{platform.system()} {platform.release()} ({platform.machine()})."
        )
        return report.findings
