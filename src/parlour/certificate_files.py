"""The files of a certificate: whether they can be used, and whether they have changed."""

import ssl
from pathlib import Path

_MISMATCH = "KEY_VALUES_MISMATCH"

FileStamps = list[tuple[int, ...] | None]


class UnusableCertificate(Exception):
    """The files cannot be used; the sentence, which has no full stop, says why."""


def file_stamps(*files: Path) -> FileStamps:
    """Describe the state of files, also where a link leads to others; None for one that is not there.

    The time of an inode's last change tells of its mode, too.
    """
    return [_file_stamp(file) for file in files]


def _file_stamp(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def server_context(chain: Path, key: Path) -> ssl.SSLContext:
    """Load a chain of certificates and its private key, in PEM. Raises UnusableCertificate."""
    for file in (chain, key):
        try:
            file.read_bytes()  # OpenSSL would not say which of the two it cannot read
        except OSError as error:
            raise UnusableCertificate(f"{file} cannot be read ({error.strerror})") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(chain, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == _MISMATCH:
            raise UnusableCertificate(
                f"the key in {key} does not belong to the certificate in {chain}"
            ) from error
        reason = error.reason or "no PEM"
        raise UnusableCertificate(
            f"{chain} and {key} are not a certificate and its key in PEM ({reason})"
        ) from error
    except OSError as error:  # gone since it was read
        raise UnusableCertificate(f"{chain} cannot be read ({error.strerror})") from error
    return context


def _no_password() -> str:
    raise UnusableCertificate("the private key is encrypted; store it without a password")
