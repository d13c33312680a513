"""The certificates that Caddy gets: where they lie, and links to them for other programs of this machine."""

import os
from pathlib import Path

from parlour.caddy.configuration import storage_folder

CertificateFiles = tuple[Path, Path]
"""A chain of certificates and its private key, in PEM."""


def issued_certificate(folder: Path, domain: str) -> CertificateFiles | None:
    """Return the newest certificate that Caddy has got for `domain`; it renews the files in place."""
    chains = (storage_folder(folder) / "certificates").glob(f"*/{domain}/{domain}.crt")
    issued = [(chain, chain.with_suffix(".key")) for chain in chains]
    whole = [(chain, key) for chain, key in issued if key.is_file()]
    return max(whole, key=lambda files: files[0].stat().st_mtime, default=None)


def certificate_links(folder: Path) -> CertificateFiles:
    """Return the links of `lead_links_to_issued`, whose names do not depend on who has issued it.

    They are not there before the first certificate is.
    """
    return folder / "certificate.pem", folder / "certificate.key"


def lead_links_to_issued(folder: Path, domain: str) -> None:
    """Have the links of `folder` lead to the newest certificate of `domain`, once there is one.

    The key comes first: a program that looks for changes of the chain then finds its key. The links are
    relative, so that the data folder can be moved.
    """
    issued = issued_certificate(folder, domain)
    if issued is None:
        return
    for link, file in reversed(list(zip(certificate_links(folder), issued, strict=True))):
        _lead(link, file)


def _lead(link: Path, file: Path) -> None:
    """Change where a link leads in one step. Raises OSError."""
    target = os.path.relpath(file, link.parent)
    if link.is_symlink() and link.readlink() == Path(target):
        return
    changed = link.with_name(f".{link.name}")
    changed.unlink(missing_ok=True)
    changed.symlink_to(target)
    changed.replace(link)
