"""The systemd unit of a gateway: restarted when it dies or hangs, and allowed to touch its own folder only."""

from pathlib import Path

from gateway.settings import GatewaySettings, SettingsError

WATCHDOG_S = 30


def text(settings: GatewaySettings, program: Path, user: str, config: Path | None, broker_unit: str | None) -> str:
    """The unit's text. ``program`` is ``hcp``; ``broker_unit`` is Mosquitto's, if there is one.

    Raises SettingsError for a value that a unit cannot express.
    """
    data = settings.data.resolve()
    for value in (program, user, data, config, broker_unit):
        if value is not None and any(letter in str(value) for letter in "\n\"'%$\\ "):
            raise SettingsError(f"a unit cannot hold {str(value)!r}: blanks, quotes, % and $ mean something there")
    after = " ".join(["network-online.target", *([broker_unit] if broker_unit else [])])
    more = f" --config {config.resolve()}" if config else ""
    return f"""\
# Written by `hcp gateway unit`.
[Unit]
Description=好差评大厅网关 (hcp gateway)
After={after}
Wants={after}
StartLimitIntervalSec=0

[Service]
Type=notify
User={user}
ExecStart={program} gateway run --data {data}{more}
# The key of this hall at the centre: HCP_GATEWAY_CENTRAL_KEY=…, mode 600
EnvironmentFile=-{data}/central.env
Restart=always
RestartSec=2
WatchdogSec={WATCHDOG_S}
TimeoutStartSec=120
TimeoutStopSec=60
LimitNOFILE=8192
UMask=0077

ReadWritePaths={data}
ProtectSystem=strict
ProtectHome=tmpfs
BindPaths={data}
PrivateTmp=true
PrivateDevices=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
NoNewPrivileges=true
CapabilityBoundingSet=
AmbientCapabilities=
LockPersonality=true
RemoveIPC=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
