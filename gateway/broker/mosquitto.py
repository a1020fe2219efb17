"""Mosquitto as a hall's broker: its configuration, access list and revocations, written from the gateway's own folder.

``write`` makes ``mosquitto.conf``, ``acl``, ``crl.pem`` and what they name; tested with Mosquitto 2.0.11. What
Mosquitto alone does of spec 6.5 and 7.3: mutual TLS, dates, revoked certificates, the CN as user name and as client id,
the four or five leaves of each device, sizes and queues. What it cannot do is done by the ``Warden`` beside it:

- It drops a publish outside a device's leaves and still answers PUBACK; nobody ever receives it. The warden reads
  that in the log and cuts the device off, some milliseconds later.
- Its access list knows neither retain nor QoS. A record published with retain, or telemetry with QoS 1, gets through
  (and changes nothing: the chain judges it); the warden cuts its sender off.
- It grants a subscription to anything and then delivers nothing. The warden cuts off who asked.
- It lets any unrevoked certificate of the authority connect. One that the register does not know has no business here:
  the warden cuts it off, and whatever it had sent is refused by intake as ``unknown_device``.
- A QoS 1 message for which a queue has no room is dropped after its PUBACK, where the embedded broker gives none. A
  PUBACK means nothing to a device (spec 5.2).
- It also speaks MQTT 3.1 and 5. The access list is the same; the warden cuts off who does not speak 3.1.1.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from gateway.enrolment import GATEWAY_NAME, write_file
from protocol import topics
from protocol.mqtt import MAX_PACKET


@dataclass(frozen=True)
class MosquittoSettings:
    """Where Mosquitto listens and what it reads; ``folder`` takes the files that ``write`` makes, its log and a socket.

    ``certificate``, ``key`` and ``authority`` are PEM files that the user Mosquitto runs as can read. ``user`` is that
    user. Raises ProtocolError ``bad_device`` if ``hall`` is not an id, ValueError for a path that its configuration
    cannot express.
    """

    hall: str
    folder: Path
    certificate: Path
    key: Path
    authority: Path
    host: str = "0.0.0.0"  # noqa: S104 - devices of the hall connect from outside
    port: int = 8883
    user: str = "mosquitto"
    connections: int = 1024
    queue_messages: int = 20_000
    queue_bytes: int = 16 << 20
    window: int = 256  # QoS 1 messages in flight to one client

    def __post_init__(self) -> None:
        topics.check_id(self.hall)
        for text in (self.folder, self.certificate, self.key, self.authority, self.host, self.user):
            if any(character < " " for character in str(text)):
                raise ValueError(f"mosquitto.conf cannot hold a line break, got {str(text)!r}")

    @property
    def configuration(self) -> Path:
        return self.folder / "mosquitto.conf"

    @property
    def access(self) -> Path:
        return self.folder / "acl"

    @property
    def revocations(self) -> Path:
        return self.folder / "crl.pem"

    @property
    def log(self) -> Path:
        """What the warden reads."""
        return self.folder / "mosquitto.log"

    @property
    def pid(self) -> Path:
        """Where Mosquitto says which process it is, for SIGHUP."""
        return self.folder / "mosquitto.pid"

    @property
    def door(self) -> Path:
        """The socket by which the warden cuts a client off. A path of at most 100 bytes."""
        return self.folder / "door.sock"


def write(settings: MosquittoSettings, revoked: bytes) -> None:
    """Write configuration, access list and ``revoked`` (``enrolment.revocations``); Mosquitto reads them at its start.

    After another ``write`` a running Mosquitto takes access list and revocations on SIGHUP.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    settings.folder.chmod(stat.S_IRWXU)
    write_file(settings.access, access_list(settings.hall).encode())
    write_file(settings.folder / "no-access", b"# whoever comes through the door may say nothing and hears nothing\n")
    write_file(settings.revocations, revoked)
    write_file(settings.configuration, configuration(settings).encode())


def configuration(settings: MosquittoSettings) -> str:
    """The text of ``mosquitto.conf``. The broker's state is disposable, so nothing of it is kept on a disk."""
    # max_packet_size counts the remaining length and one byte. A max_connections above the listeners would open
    # Mosquitto's default listener too: port 1883, without TLS.
    return f"""\
# Written by hcp; changes are lost.
per_listener_settings true
user {settings.user}
persistence false
pid_file {settings.pid}
max_packet_size {MAX_PACKET - 2}
max_inflight_messages {settings.window}
max_queued_messages {settings.queue_messages}
max_queued_bytes {settings.queue_bytes}
queue_qos0_messages false
set_tcp_nodelay true
log_dest file {settings.log}
log_timestamp false
log_type error
log_type warning
log_type notice
log_type information
log_type subscribe
log_type debug

listener {settings.port} {settings.host}
max_connections {settings.connections}
cafile {settings.authority}
certfile {settings.certificate}
keyfile {settings.key}
crlfile {settings.revocations}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {settings.access}

# The warden's door: whoever connects here under a client's id ends that client's connection, and can do nothing else.
listener 0 {settings.door}
allow_anonymous true
acl_file {settings.folder / "no-access"}
"""


def access_list(hall: str) -> str:
    """The text of ``acl``: the leaves of spec 6.5 by the certificate's CN, and the hall for the gateway.

    Mosquitto itself refuses a CN that would be a wildcard.
    """
    lines = [
        "# Written by hcp; changes are lost.",
        f"user {GATEWAY_NAME}",
        f"topic readwrite {topics.ROOT}{hall}/#",
        "",
    ]
    lines += [f"pattern write {topics.ROOT}{hall}/%u/{leaf}" for leaf in topics.FROM_DEVICE]
    lines += [f"pattern read {topics.ROOT}{hall}/%u/{leaf}" for leaf in topics.TO_DEVICE]
    return "\n".join(lines) + "\n"


def serials(revoked: Path | bytes) -> frozenset[int]:
    """The serial numbers on a list of revocations, PEM; none if the file is missing. Raises ValueError."""
    if isinstance(revoked, Path):
        if not revoked.exists():
            return frozenset()
        revoked = revoked.read_bytes()
    return frozenset(entry.serial_number for entry in x509.load_pem_x509_crl(revoked))


def unit(settings: MosquittoSettings, program: Path) -> str:
    """The text of a systemd unit that runs Mosquitto with this configuration, as the gateway's own user."""
    return f"""\
# Written by hcp; changes are lost.
[Unit]
Description=好差评大厅 {settings.hall} 的 MQTT 代理 (Mosquitto)
After=network-online.target
Wants=network-online.target

[Service]
User={settings.user}
ExecStart={program} -c {settings.configuration}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
LimitNOFILE=8192
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
ReadWritePaths={settings.folder}
CapabilityBoundingSet=

[Install]
WantedBy=multi-user.target
"""


def find() -> Path | None:
    """Mosquitto's program, or None if it is not installed. Debian puts it where a user's PATH does not look."""
    paths = os.environ.get("PATH", "").split(os.pathsep)
    for folder in [*paths, "/usr/sbin", "/usr/local/sbin"]:
        file = Path(folder or ".") / "mosquitto"
        if file.is_file() and os.access(file, os.X_OK):
            return file
    return None
