"""Certificates of localhost that nobody has signed: a client trusts them by `SSL_CERT_FILE`."""

import base64
import datetime
import hashlib
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_signed(
    certificate: Path, key: Path, *hosts: str, lifetime: datetime.timedelta = datetime.timedelta(days=1)
) -> str:
    """Write a certificate for localhost, 127.0.0.1, ::1 and these hosts, and its private key.

    Return the hash of its public key, as `--ignore-certificate-errors-spki-list` of Chromium takes it.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    common = f"Parlour's tests: {certificate.stem}"  # a client that trusts several knows them by their names
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    now = datetime.datetime.now(datetime.UTC)
    addresses = [ipaddress.ip_address(address) for address in ("127.0.0.1", "::1")]
    named = [x509.DNSName(host) for host in ("localhost", *hosts)]
    names = [*named, *(x509.IPAddress(address) for address in addresses)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()
