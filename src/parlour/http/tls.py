"""https without a proxy: a certificate that is loaded again when its files change."""

import ssl
import stat
from pathlib import Path

import structlog

from parlour.certificate_files import UnusableCertificate, file_stamps, server_context

log = structlog.get_logger("parlour.tls")


class ServerCertificate:
    """A chain of certificates and its private key, in PEM; `context` is what new connections use.

    A new context replaces the old one only if it could be loaded whole: a pair of which one file is written
    and the other is not yet leaves the old one in place. Open connections keep the context that they have.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        """Load the files. Raises UnusableCertificate."""
        self._chain = chain
        self._key = key
        self._seen = file_stamps(chain, key)
        self.context = self._load()

    def key_is_public(self) -> bool:
        """Return True if every user of the machine can read the private key."""
        return bool(self._key.stat().st_mode & stat.S_IROTH)

    def reload_if_changed(self) -> None:
        """Load the files again if they have changed since the last look. It reads, so call it in a thread."""
        stamp = file_stamps(self._chain, self._key)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self.context = self._load()
        except UnusableCertificate as error:
            log.warning("certificate.kept", reason=str(error), hint="the former certificate stays in use")
        else:
            log.info("certificate.reloaded", file=str(self._chain))

    def _load(self) -> ssl.SSLContext:
        context = server_context(self._chain, self._key)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        return context
