"""The broker's TLS: who may shake hands, and who that is (spec 7.3)."""

import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class IdentityError(Exception):
    """A certificate that the hall's authority signed but that names nobody, or more than one."""


def server_context(certificate: Path | bytes, key: Path | bytes, authority: Path | bytes) -> ssl.SSLContext:
    """TLS 1.2 or later; a client certificate of ``authority`` is required. All three are PEM: a path or its bytes.

    Raises OSError (ssl.SSLError among them) if a file cannot be read or does not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    # No session is ever resumed: each connection shows its certificate anew, and its dates are checked anew.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    with ExitStack() as files:
        certificate_path = files.enter_context(_as_path(certificate))
        key_path = files.enter_context(_as_path(key))
        context.load_cert_chain(certificate_path, key_path)
        context.load_verify_locations(files.enter_context(_as_path(authority)))
    return context


@contextmanager
def _as_path(pem: Path | bytes) -> Iterator[Path]:
    """The ssl module reads certificates and keys from files only."""
    if not isinstance(pem, bytes):
        with open(pem, "rb"):  # its error names the file; ssl's does not
            yield pem
        return
    fd, name = tempfile.mkstemp(prefix="hcp-")  # mode 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(pem)
        yield Path(name)
    finally:
        os.unlink(name)


def identity(peer: ssl.SSLObject) -> tuple[str, bytes]:
    """CN and SHA-256 fingerprint of the verified client certificate. Raises IdentityError."""
    der = peer.getpeercert(binary_form=True)
    verified = peer.getpeercert()
    if not der or not verified:
        raise IdentityError("no verified client certificate")
    subject: tuple[tuple[tuple[str, str], ...], ...] = verified.get("subject", ())  # type: ignore[assignment]
    names = [value for part in subject for key, value in part if key == "commonName"]
    if len(names) != 1 or not names[0]:
        raise IdentityError(f"a client certificate has exactly one CN, got {len(names)}")
    return names[0], hashlib.sha256(der).digest()
