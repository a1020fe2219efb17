"""All settings of the gateway: one frozen object, read once, refused early.

What is given in code comes first, then the environment (``HCP_GATEWAY_…``), then TOML files; ``explain`` tells which.
"""

import getpass
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict

from gateway.core import scene
from gateway.store.settings import StoreSettings
from protocol import identity, topics
from protocol.errors import ProtocolError

Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it, with what was expected."""


class GatewaySettings(BaseSettings):
    """Times in milliseconds where the name says ``_ms``. A port of 0 takes a free one."""

    model_config = SettingsConfigDict(env_prefix="HCP_GATEWAY_", frozen=True, extra="forbid")

    data: Path
    """The folder of the database, the keys and the register of devices."""
    hall: str | None = None
    """The hall's id (spec 3.7). None: that of the authority in ``data``."""
    broker: Literal["embedded", "mosquitto"] = "embedded"
    """``mosquitto``: one that runs beside the gateway with the files of ``hcp broker config``."""
    broker_folder: Path | None = None
    """Mosquitto's files; None: ``mosquitto`` in ``data``."""
    broker_user: str = Field(default_factory=getpass.getuser)
    """The user Mosquitto runs as: the gateway's own, who reads the broker's key and tells Mosquitto of revocations."""
    broker_host: str = "0.0.0.0"  # noqa: S104 - the hall's devices connect from outside
    broker_port: Port = 8883
    broker_names: tuple[str, ...] = ("127.0.0.1", "localhost")
    """Names and addresses in a new broker certificate: what devices connect to. Used once, when ``data`` is new."""
    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    central_url: str | None = None
    """Central's base address; None: nothing is sent, everything waits in the outbox."""
    central_key: SecretStr | None = None
    central_authority: Path | None = None
    """A PEM file by which central's certificate is verified instead of the system's authorities."""
    central_certificate: Path | None = None
    """A PEM file with which the gateway shows itself to central (mutual TLS), such as ``<data>/pki/gateway.pem``."""
    central_key_file: Path | None = None
    """The private key of ``central_certificate``, a PEM file for the owner alone."""
    central_identity_key: str | None = None
    """Central's public identity key (``id base64``, as `hcp central identity-key` says it): whom to call back is sealed
    to it and sent for every service. None: nothing of an applicant leaves the hall, and nobody can be called back."""
    central_backlog_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 5000
    """How fast a backlog may go to central, in events; what is new goes before it and is not held back."""
    central_backlog_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """How many events of a backlog may go at once."""
    central_batch: Annotated[int, Field(ge=1, le=500)] = 500
    central_timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 30_000
    undo_ms: Annotated[int, Field(ge=0, le=60_000)] = 8000
    """How long a citizen can correct a press."""
    linger_ms: Annotated[int, Field(ge=1000, le=3_600_000)] = 900_000
    """How long a service can be rated after it was served, if nothing else ends it."""
    service_limit_ms: Annotated[int, Field(ge=60_000, le=43_200_000)] = 43_200_000
    """The longest a service, or a staff member, is taken to stand at a window."""
    business_error_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    """How far the clocks of the business systems may be off."""
    future_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 300_000
    """How far ahead of our clock a business event may be dated."""
    feed_delay_ms: Annotated[int, Field(ge=60_000, le=86_400_000)] = 180_000
    """How long after the first press business systems are told that a service was rated: longer than the pages of
    reasons take, so that the moment says nothing about the level."""
    applicant_keys: Path | None = None
    """The keys that seal the identity of applicants. None: systemd's credential ``hcp-applicant-keys`` if there is
    one, or else ``applicant.keys`` in ``data``."""
    indicators: Path | None = None
    """A TOML file with the indicators that devices offer (`gateway/core/indicators.py`). None: those that were in force
    last, by central's word or an operator's; at first the national set."""
    labels: Annotated[int, Field(ge=1, le=2)] | None = None
    """Names of the levels (spec 5.3, key 13): 1 满意, 2 很好. None: those of the policy that central handed down last,
    at first 1."""
    case_page: str | None = None
    """The address of a case's page, shown as a code: ``https://…``, with ``{hall}``, ``{window}``, ``{case_no}`` and
    ``{service_no}`` in it. The page decides who may rate: an address can be guessed. None: no code is shown."""
    staff_stars: Path | None = None
    """A TOML file with the published star rating of each member of staff, ``[stars]`` and ``"1001" = 4``. None: the
    hall's policy does not make it public, and no device shows it."""
    queue_frames: Annotated[int, Field(ge=512, le=65_536)] = 4096
    """Frames that may wait for intake."""
    store_max_bytes: Annotated[int, Field(ge=16 << 20, le=1 << 44)] = 8 << 30
    """The most that the database file may hold."""
    store_soft_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 40)] = 256 << 20
    """With less room than this left, no more records are taken in: devices keep theirs."""
    store_hard_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 40)] = 64 << 20
    """With less room than this left, business events are refused too; only central's answers are written."""
    store_ballast_bytes: Annotated[int, Field(ge=0, le=1 << 30)] = 32 << 20
    """A file that is thrown away when the disk is full, so that the way to central goes on. 0: none."""
    keep_records_days: Annotated[int, Field(ge=31, le=36_500)] = 1100
    """How long the bytes of a record stay here after central has it. Its key, hash and decisions stay for ever."""
    keep_business_days: Annotated[int, Field(ge=31, le=36_500)] = 1100
    """How long case numbers and staff of business events, and what was derived from them, stay here."""

    def store(self) -> StoreSettings:
        """The limits of the database."""
        return StoreSettings(
            self.store_max_bytes,
            self.store_soft_bytes,
            self.store_hard_bytes,
            self.store_ballast_bytes,
            self.keep_records_days,
            self.keep_business_days,
        )

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @field_validator("hall")
    @classmethod
    def _hall(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                topics.check_id(value)
            except ProtocolError as error:
                raise ValueError(error.detail) from None
        return value

    @field_validator("central_identity_key")
    @classmethod
    def _identity_key(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return identity.key_text(identity.read_key(value))
        except identity.IdentityError as error:
            raise ValueError(str(error)) from None

    @field_validator("case_page")
    @classmethod
    def _page(cls, value: str | None) -> str | None:
        return value if value is None else scene.check_page(value)

    @field_validator("central_url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("expected http:// or https://")
        return value


def load(file: Path | None = None, **given: Any) -> GatewaySettings:
    """Read the settings. Raises SettingsError.

    ``given`` overrides the environment, which overrides ``file``. Beside ``gateway.toml`` the files
    ``gateway.d/*.toml`` override it, each those before it by name.
    """
    given = {name: value for name, value in given.items() if value is not None}
    read = _read(file)
    _refuse_unknown_variables()
    try:
        settings = _source(read)(**given)
    except ValidationError as error:
        lines = [_complaint(e["loc"], e["msg"], read, given) for e in error.errors(include_input=False)]
        raise SettingsError("settings: " + "; ".join(lines)) from None
    if settings.central_url and settings.central_key is None and settings.central_certificate is None:
        raise SettingsError("settings: central_url is set, but neither central_key nor central_certificate is")
    if (settings.central_certificate is None) != (settings.central_key_file is None):
        raise SettingsError("settings: central_certificate and central_key_file go together")
    if settings.central_certificate and not (settings.central_url or "").startswith("https://"):
        raise SettingsError("settings: central_certificate is shown over TLS only; central_url must be https://")
    if not settings.store_hard_bytes < settings.store_soft_bytes < settings.store_max_bytes:
        raise SettingsError("settings: expected store_hard_bytes < store_soft_bytes < store_max_bytes")
    return settings


@dataclass(frozen=True)
class Origin:
    """A setting with the place it comes from; ``value`` is text, and stars for a secret."""

    name: str
    value: str
    origin: str
    default: bool


def explain(file: Path | None = None, **given: Any) -> list[Origin]:
    """Every setting with its value and the place that decided it. Raises SettingsError."""
    settings = load(file, **given)
    given = {name: value for name, value in given.items() if value is not None}
    read = _read(file)
    found = []
    for name in GatewaySettings.model_fields:
        origin = _origin(name, read, given)
        value = getattr(settings, name)
        shown = "(未设置)" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)
        found.append(Origin(name, shown, origin or "默认值", origin is None))
    return found


def _refuse_unknown_variables() -> None:
    prefix = str(GatewaySettings.model_config["env_prefix"])
    known = {prefix + name.upper() for name in GatewaySettings.model_fields}
    strange = sorted(name for name in os.environ if name.upper().startswith(prefix) and name.upper() not in known)
    if strange:
        raise SettingsError(f"settings: nothing is called {', '.join(strange)}; `hcp gateway config show` lists all")


def _read(file: Path | None) -> dict[Path, dict[str, Any]]:
    """What each file says, in the order in which they override each other."""
    if file is None:
        return {}
    if not file.is_file():
        raise SettingsError(f"no settings file {file}")
    found = {}
    for path in (file, *sorted(file.with_suffix(".d").glob("*.toml"))):
        try:
            found[path] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path}: {error}") from None
    return found


def _source(read: dict[Path, dict[str, Any]]) -> type[GatewaySettings]:
    merged = {name: value for values in read.values() for name, value in values.items()}

    class FromFiles(GatewaySettings):
        @classmethod
        def settings_customise_sources(cls, settings_cls, init_settings, env_settings, *_, **__):
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=merged)

    return FromFiles


def _origin(name: str, read: dict[Path, dict[str, Any]], given: dict[str, Any]) -> str | None:
    """Where a setting comes from; None: it is the default."""
    if name in given:
        return "命令行"
    variable = str(GatewaySettings.model_config["env_prefix"]) + name.upper()
    if any(variable == key.upper() for key in os.environ):
        return f"环境变量 {variable}"
    return next((str(path) for path in reversed(read) if name in read[path]), None)


def _complaint(loc: tuple[int | str, ...], message: str, read: dict[Path, dict[str, Any]], given: dict) -> str:
    name = ".".join(map(str, loc))
    origin = _origin(str(loc[0]), read, given) if loc else None
    return f"{name}: {message}" + (f" ({origin})" if origin else "")
