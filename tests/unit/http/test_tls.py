"""A certificate that is loaded again when its files change, and stays when the new files cannot be used."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from structlog.testing import capture_logs

from parlour.certificate_files import UnusableCertificate
from parlour.http.tls import ServerCertificate
from tests.servers.certificate import self_signed


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return tmp_path / "chain.pem"


@pytest.fixture
def key(tmp_path: Path, chain: Path) -> Path:
    key = tmp_path / "key.pem"
    self_signed(chain, key)
    return key


def said_of(certificate: ServerCertificate) -> list[str]:
    """Look at the files; return the events that were logged."""
    with capture_logs() as logs:
        certificate.reload_if_changed()
    return [entry["event"] for entry in logs]


def test_new_files_are_used(chain: Path, key: Path) -> None:
    certificate = ServerCertificate(chain, key)
    first = certificate.context
    assert said_of(certificate) == []
    assert certificate.context is first
    self_signed(chain, key)
    assert said_of(certificate) == ["certificate.reloaded"]
    assert certificate.context is not first


def test_links_that_lead_elsewhere_are_followed(tmp_path: Path, chain: Path, key: Path) -> None:
    """As certbot renews: the links stay, and lead to other files."""
    live = tmp_path / "live.pem", tmp_path / "live.key"
    for link, file in zip(live, (chain, key), strict=True):
        link.symlink_to(file)
    certificate = ServerCertificate(*live)
    renewed = tmp_path / "renewed.pem", tmp_path / "renewed.key"
    self_signed(*renewed)
    for link, file in zip(live, renewed, strict=True):
        link.unlink()
        link.symlink_to(file)
    assert said_of(certificate) == ["certificate.reloaded"]


def test_a_pair_that_is_written_by_half_changes_nothing(tmp_path: Path, chain: Path, key: Path) -> None:
    certificate = ServerCertificate(chain, key)
    first = certificate.context
    renewed, renewed_key = tmp_path / "renewed.pem", tmp_path / "renewed.key"
    self_signed(renewed, renewed_key)
    for file, text in (
        (chain, renewed.read_bytes()[:100]),
        (chain, renewed.read_bytes()),
        (key, b""),
    ):
        file.write_bytes(text)
        assert said_of(certificate) == ["certificate.kept"]
        assert said_of(certificate) == [], "once"
        assert certificate.context is first
    key.unlink()
    assert said_of(certificate) == ["certificate.kept"]
    key.write_bytes(renewed_key.read_bytes())
    assert said_of(certificate) == ["certificate.reloaded"]
    assert certificate.context is not first


def test_a_key_that_cannot_be_read(chain: Path, key: Path) -> None:
    certificate = ServerCertificate(chain, key)
    key.unlink()
    key.mkdir()
    assert said_of(certificate) == ["certificate.kept"]
    with pytest.raises(UnusableCertificate, match=r"key\.pem cannot be read \(Is a directory\)"):
        ServerCertificate(chain, key)
    key.rmdir()
    self_signed(chain, key)
    assert said_of(certificate) == ["certificate.reloaded"]


def test_a_key_that_every_user_can_read_is_public(chain: Path, key: Path) -> None:
    certificate = ServerCertificate(chain, key)
    key.chmod(0o444)
    assert certificate.key_is_public()
    key.chmod(0o640)
    assert not certificate.key_is_public()


def test_what_cannot_be_used_is_named(tmp_path: Path, chain: Path, key: Path) -> None:
    other, other_key = tmp_path / "other.pem", tmp_path / "other.key"
    self_signed(other, other_key)
    with pytest.raises(
        UnusableCertificate, match=r"other\.key does not belong to the certificate in .*chain\.pem"
    ):
        ServerCertificate(chain, other_key)
    with pytest.raises(UnusableCertificate, match=r"nowhere\.pem cannot be read \(No such file"):
        ServerCertificate(tmp_path / "nowhere.pem", key)
    with pytest.raises(UnusableCertificate, match="not a certificate and its key in PEM"):
        ServerCertificate(key, chain)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"sesame"),
        )
    )
    with pytest.raises(UnusableCertificate, match="encrypted; store it without a password"):
        ServerCertificate(chain, key)
