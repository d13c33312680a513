"""https without a proxy: a certificate that is loaded again when its files change."""

import ssl
import stat
from pathlib import Path

import structlog

log = structlog.get_logger("parlour.tls")

_MISMATCH = "KEY_VALUES_MISMATCH"


class UnusableCertificate(Exception):
    """The files cannot be used; the sentence, which has no full stop, says why."""


class ServerCertificate:
    """A chain of certificates and its private key, in PEM; `context` is what new connections use.

    A new context replaces the old one only if it could be loaded whole: a pair of which one file is written
    and the other is not yet leaves the old one in place. Open connections keep the context that they have.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        """Load the files. Raises UnusableCertificate."""
        self._chain = chain
        self._key = key
        self._seen = self._stamp()
        self.context = self._load()

    def key_is_public(self) -> bool:
        """Return True if every user of the machine can read the private key."""
        return bool(self._key.stat().st_mode & stat.S_IROTH)

    def reload_if_changed(self) -> None:
        """Load the files again if they have changed since the last look. It reads, so call it in a thread."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self.context = self._load()
        except UnusableCertificate as error:
            log.warning("certificate.kept", reason=str(error), hint="the former certificate stays in use")
        else:
            log.info("certificate.reloaded", file=str(self._chain))

    def _stamp(self) -> list[tuple[int, ...] | None]:
        """Describe the state of both files; the time of an inode's last change tells of its mode, too."""
        return [_file_stamp(file) for file in (self._chain, self._key)]

    def _load(self) -> ssl.SSLContext:
        for file in (self._chain, self._key):
            try:
                file.read_bytes()  # OpenSSL would not say which of the two it cannot read
            except OSError as error:
                raise UnusableCertificate(f"{file} cannot be read ({error.strerror})") from error
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._chain, self._key, password=_no_password)
        except ssl.SSLError as error:
            if error.reason == _MISMATCH:
                raise UnusableCertificate(
                    f"the key in {self._key} does not belong to the certificate in {self._chain}"
                ) from error
            reason = error.reason or "no PEM"
            raise UnusableCertificate(
                f"{self._chain} and {self._key} are not a certificate and its key in PEM ({reason})"
            ) from error
        except OSError as error:  # gone since it was read
            raise UnusableCertificate(f"{self._chain} cannot be read ({error.strerror})") from error
        return context


def _file_stamp(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _no_password() -> str:
    raise UnusableCertificate("the private key is encrypted; store it without a password")
