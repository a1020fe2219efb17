"""TLS at central's own port: its certificate, and whose client certificates are let in (spec 9.5).

A gateway may show a certificate of its hall's authority instead of a bearer key. TLS verifies that one of the halls'
authorities signed it; which of them, and that it is the gateway's, is decided by :func:`hall_of_certificate`.
"""

import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from uvicorn.protocols.http.h11_impl import H11Protocol

from central.core import certificate
from central.settings import Hall, SettingsError
from protocol import signature
from protocol.errors import ProtocolError

#: The common name of a gateway's certificate, in every hall.
GATEWAY_NAME = "gateway"
#: Where a connection's certificate is found in a request's state.
STATE = "client_certificate"


def context(own: Path, key: Path, halls: tuple[Hall, ...]) -> ssl.SSLContext:
    """Raises SettingsError if the certificate or its key cannot be used."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(own, key)
        made.load_verify_locations(cadata="\n".join(hall.authority for hall in halls))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"TLS: {own} with {key} cannot be used: {error}") from None
    # citizens and auditors come without one
    made.verify_mode = ssl.CERT_OPTIONAL
    return made


class Protocol(H11Protocol):
    """HTTP that tells the app which certificate its connection came with."""

    def connection_made(self, transport: Any) -> None:
        secured = transport.get_extra_info("ssl_object")
        shown = secured.getpeercert(binary_form=True) if secured is not None else None
        # one object for each connection: the state of the app itself is shared
        self.app_state = {**self.app_state, STATE: shown}
        super().connection_made(transport)


def hall_of_certificate(shown: bytes | None, halls: tuple[Hall, ...]) -> Hall | None:
    """The hall whose gateway this is, None if it is nobody's gateway. The TLS layer has checked dates and chain."""
    if not shown:
        return None
    try:
        found = x509.load_der_x509_certificate(shown)
        if signature.certificate_name(found) != GATEWAY_NAME:
            return None
        unit = signature.certificate_name(found, x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    except (ValueError, ProtocolError, UnsupportedAlgorithm):
        return None
    for hall in halls:
        if hall.id != unit:
            continue
        try:
            found.verify_directly_issued_by(certificate.read_authority(hall.authority))
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return None
        return hall
    return None
