"""What a technician's tool runs on the device over the serial line (spec 7.2): ``csr``, ``install``, ``show``.

The key is made here and stays here: out goes a certificate request, in comes a bundle. A bundle is secret and therefore
comes in as a line of the serial line, never as an argument that others could list. Running anything twice does no harm.
"""

import binascii
import sys

from firmware import certificate as certificates
from firmware import entropy
from firmware import identity_changes as identities
from firmware.certificate import fingerprint
from firmware.crypto import csr as requests
from firmware.crypto import es256
from firmware.crypto.keygen import make_private_key
from firmware.journal import Journal
from protocol import cbor, topics
from protocol.errors import ProtocolError

MAX_BUNDLE = 4096
_MAX_HOST = 253


class ProvisionError(Exception):
    """The bundle is not for this device, or would harm it. Nothing was stored; the text says what to do."""


def csr(next_key: bool = False) -> None:
    """Print the certificate request, one line of base64. Makes the key first if there is none.

    ``next_key``: for the key that follows the one in force (spec 7.6). Installing its bundle and a restart complete it.
    """
    print(binascii.b2a_base64(request(_find("identity"), next_key)).decode().strip())


def install(bundle: bytes | None = None, other_device: bool = False) -> None:
    """Store ``bundle.cbor``; without an argument a line of base64 is read. Says what it did.

    Raises ProvisionError. ``other_device`` allows another id although the journal holds records: they are given up.
    """
    if bundle is None:
        bundle = _from_base64(sys.stdin.readline(2 * MAX_BUNDLE))
    stored = store(_find("identity"), _find("journal"), bundle, other_device)
    print("stored" if stored else "unchanged")
    show()


def show() -> None:
    """Print device id and SHA-256 of the certificate, nothing else."""
    who = identities.load(_find("identity"))
    print("not enrolled" if who is None else "%s %s" % (who.device, fingerprint(who.certificate)))


def request(partition, next_key: bool = False) -> bytes:
    """The certificate request (RFC 2986), DER. Its subject is made of the key, for the device has no id yet.

    Raises ProvisionError for a ``next_key`` of a device that is not enrolled.
    """
    if next_key and identities.load(partition) is None:
        raise ProvisionError("this device is not enrolled yet; run csr without next_key")
    keys = identities.next_keys(partition) if next_key else identities.load_keys(partition)
    if keys is None:
        private_key = make_private_key(entropy.chip_id(), entropy.jitter())
        keys = private_key, es256.public_key(private_key)
        # stored before anyone hears of it: a request for a key that a power cut took would be of no use
        (identities.save_next_keys if next_key else identities.save_keys)(partition, *keys)
    private_key, public_key = keys
    return requests.request(private_key, "hcp-" + fingerprint(public_key)[:16])


def store(partition, journal_partition, bundle: bytes, other_device: bool = False) -> bool:
    """Check a bundle and store it; False if it was stored before. Raises ProvisionError, then nothing changed."""
    keys = identities.load_keys(partition)
    if keys is None:
        raise ProvisionError("this device has no key yet; run csr first, and enroll what it prints")
    old = identities.load(partition)
    following = identities.next_keys(partition)
    if following is not None and certificates.has_key(bundle, following[1]):
        new = parse(bundle, following)
        if (new.device, new.hall) != (old.device, old.hall):
            raise ProvisionError("the next key is for %s of %s" % (old.device, old.hall))
        return identities.save_next(partition, new)
    new = parse(bundle, keys)
    if old == new:
        return False
    if old is not None and old.device != new.device and not other_device:
        mount = Journal(journal_partition, old.device).mount()
        if mount.next_seq > 1 or mount.pending is not None:
            raise ProvisionError(
                "this is %s and its journal holds records up to %d, %d of them without a receipt; "
                "to give them up and make it %s, install with other_device=True"
                % (old.device, mount.next_seq - 1, mount.next_seq - 1 - mount.receipted, new.device)
            )
    identities.save(partition, new)
    return True


def parse(bundle: bytes, keys) -> identities.Identity:
    """The identity that a bundle makes of the device with these (private, public) keys. Raises ProvisionError."""
    if len(bundle) > MAX_BUNDLE:
        raise ProvisionError("a bundle has up to %d bytes, got %d" % (MAX_BUNDLE, len(bundle)))
    try:
        fields = cbor.decode(bundle)
        if not isinstance(fields, dict) or len(fields) != 8 or any(key not in fields for key in range(1, 9)):
            raise ProvisionError("not a bundle.cbor: it has the keys 1 to 8")
        if fields[1] != 1:
            raise ProvisionError("not a bundle.cbor of version 1")
        device, hall = topics.check_id(fields[2]), topics.check_id(fields[3])
    except ProtocolError as error:
        raise ProvisionError("not a bundle.cbor: %s" % error)
    host, port, certificate, ca, downlink_key = [fields[key] for key in (4, 5, 6, 7, 8)]
    if not isinstance(host, str) or not 1 <= len(host) <= _MAX_HOST:
        raise ProvisionError("the host has 1 to %d characters" % _MAX_HOST)
    if not isinstance(port, int) or not 1 <= port <= 65535 or port is True:
        raise ProvisionError("the port is 1 to 65535")
    for name, der in (("certificate", certificate), ("authority", ca)):
        if not isinstance(der, bytes) or der[:1] != b"\x30":
            raise ProvisionError("the %s is not DER" % name)
    if not isinstance(downlink_key, bytes) or len(downlink_key) != 32:
        raise ProvisionError("the downlink key has 32 bytes")
    private_key, public_key = keys
    if not certificates.has_key(certificate, public_key):
        raise ProvisionError("the certificate is for another device's key; enroll the request of this one")
    if not certificates.names(certificate, device):
        raise ProvisionError("the certificate does not name %s" % device)
    return identities.Identity(private_key, public_key, device, hall, host, port, certificate, ca, downlink_key)


def _from_base64(line):
    try:
        return binascii.a2b_base64(line.strip())
    except ValueError:
        raise ProvisionError("expected one line of base64, got %d characters that are not" % len(line))


def _find(label):
    # imported here: what decides above runs without a chip
    from esp32 import Partition

    found = Partition.find(Partition.TYPE_DATA, label=label)
    if not found:
        raise ProvisionError("this device has no partition %s; flash the partition table first" % label)
    return found[0]
