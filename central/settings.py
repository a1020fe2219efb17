"""Settings of the central system: one frozen object, read once, refused early.

Values come, first one wins, from arguments, the environment (``HCP_CENTRAL_AUDITOR_KEY=…``) and a TOML file. The halls
are in a file of their own, ``halls.toml`` in the data folder, because they change while the rest stays::

    [[hall]]
    id = "lucheng"                      # spec 3.7
    name = "鹿城区政务服务中心"
    authority = "lucheng-ca.pem"        # the hall's authority, told out of band; relative to this file
    key = "…"                           # the bearer key of its gateway, at least 20 characters
    revoked = ["w7-old"]                # devices whose records are no longer taken (may be left out)
"""

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from central import database_url, policies
from central.core import certificate
from central.core.deadlines import CIVIL_CODE, Counting
from central.core.limits import read_own
from protocol import topics
from protocol.errors import ProtocolError

MIN_KEY = 20


class SettingsError(Exception):
    """The settings cannot be used. The message says which value, what was expected, and where to set it."""


class Hall(BaseModel):
    """One hall that may send events. ``authority`` is the PEM certificate that signs its devices (spec 7.4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str = Field(min_length=1, max_length=100)
    authority: str
    key: SecretStr
    revoked: frozenset[str] = frozenset()

    @field_validator("id")
    @classmethod
    def _is_id(cls, value: str) -> str:
        return _checked_id(value)

    @field_validator("revoked")
    @classmethod
    def _are_ids(cls, value: frozenset[str]) -> frozenset[str]:
        return frozenset(_checked_id(device) for device in value)

    @field_validator("key")
    @classmethod
    def _is_long(cls, value: SecretStr) -> SecretStr:
        return _long_key(value)

    @field_validator("authority")
    @classmethod
    def _is_authority(cls, value: str) -> str:
        try:
            certificate.read_authority(value)
        except ProtocolError as error:
            raise ValueError(error.detail) from None
        return value


class Settings(BaseSettings):
    """Everything central is told. ``halls`` is filled from ``halls.toml`` (or ``.json``) by :func:`load`."""

    model_config = SettingsConfigDict(env_prefix="HCP_CENTRAL_", frozen=True, extra="forbid")

    data_dir: Path
    auditor_key: SecretStr
    operator_key: SecretStr | None = None
    """Who may publish corrections to halls. None: nobody."""
    database_url: SecretStr = SecretStr("")
    """PostgreSQL instead of the file in the data folder: ``postgresql+psycopg://ROLE@HOST/DATABASE``. The password may
    be in it, or where PostgreSQL's tools look for one: PGPASSFILE, PGPASSWORD, ~/.pgpass. Empty: SQLite."""
    host: str = "127.0.0.1"
    port: int = Field(default=8500, ge=0, le=65535)
    tls_certificate: Path | None = None
    """Central's own certificate with its chain (PEM): then it speaks TLS itself, and gateways may show theirs. None:
    plain HTTP, for a proxy before it or one machine."""
    tls_key: Path | None = None
    """The private key of ``tls_certificate`` (PEM, for its owner alone)."""
    identity_keys: Path | None = None
    """The private keys that open the identities which halls send (`hcp central identity-key`). None: systemd's
    credential ``hcp-identity-keys`` if there is one, or else ``identity.keys`` in the data folder."""
    keep_identity_days: int = Field(default=180, ge=1, le=3650)
    """How long an identity stays after it came and after its last bad rating was closed. While one is open it stays."""
    reveals_per_day: int = Field(default=30, ge=1, le=1000)
    """How many identities one account may have opened on one day; the next is refused, and the log says so."""
    token_hours: int = Field(default=168, ge=1, le=8784)
    """How long a one-use token for rating without a device is good, from the moment it is made."""
    policy: str | None = None
    """The regulation that this deployment follows (`hcp policy check` lists them). None: no case is made."""
    policy_overrides: Path | None = None
    """A TOML file of single values that this deployment changes, each with its reason (`central/core/overrides.py`)."""
    halls: tuple[Hall, ...] = ()
    counting: Counting = CIVIL_CODE
    """How terms are counted where the regulation is silent (docs/calendar.md); ``[counting]`` in the TOML file."""

    limits: dict[str, str] = {}
    """Limits of the loop that no regulation gives (`central/core/limits.py`, ``OWN``), as "5 WD", "48 h" or "7 d"."""

    @field_validator("limits")
    @classmethod
    def _are_limits(cls, value: dict[str, str]) -> dict[str, str]:
        read_own(value)
        return value

    @field_validator("auditor_key", "operator_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else _long_key(value)

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            database_url.read(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        ids = [hall.id for hall in self.halls]
        if len(set(ids)) != len(ids):
            raise ValueError("two halls have the same id")
        operators = [self.operator_key.get_secret_value()] if self.operator_key else []
        keys = [self.auditor_key.get_secret_value(), *operators, *(hall.key.get_secret_value() for hall in self.halls)]
        if len(set(keys)) != len(keys):
            raise ValueError("a key is used twice: each hall, the auditor and the operator need their own")
        return self

    @model_validator(mode="after")
    def _have_both(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        return self

    @model_validator(mode="after")
    def _have_a_policy(self) -> Self:
        if self.policy_overrides and not self.policy:
            raise ValueError("policy_overrides changes a policy: expected policy, too")
        if self.policy:
            policies.in_force(self.policy, self.policy_overrides)
        return self

    @property
    def url(self) -> str:
        """The database: ``database_url``, or the file ``central.db`` in the data folder."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'central.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(config: Path | None = None, **given: Any) -> Settings:
    """Read the settings and the halls. ``config`` is an optional TOML file; ``given`` outranks everything.

    Raises SettingsError with all that is wrong in one message; no secret is in it.
    """
    if config is not None and not config.is_file():
        raise SettingsError(f"settings file {config} does not exist")
    try:
        found = _read_from(config)(**given)
        halls = found.halls or _read_halls(found.data_dir)
        return Settings.model_validate({**found.model_dump(exclude={"halls"}), "halls": halls})
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{config} is not TOML: {error}") from None


@lru_cache(maxsize=8)
def _read_from(config: Path | None) -> type[Settings]:
    """Settings that are read from this file too, whatever it holds then."""

    class Here(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    return Here


def _read_halls(data_dir: Path) -> tuple[Hall, ...]:
    for path in (data_dir / "halls.toml", data_dir / "halls.json"):
        if path.is_file():
            return _halls_of(path)
    raise SettingsError(
        f"no halls: expected {data_dir / 'halls.toml'} with one [[hall]] for each hall (id, name, authority, key)"
    )


def _halls_of(path: Path) -> tuple[Hall, ...]:
    try:
        text = path.read_text(encoding="utf-8")
        entries = (json.loads(text) if path.suffix == ".json" else tomllib.loads(text)).get("hall", [])
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise SettingsError(f"{path} lists no hall: expected at least one [[hall]]")
    halls = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("authority"), str):
            raise SettingsError(f"{path}, hall {number}: authority is missing (the path of a PEM certificate)")
        pem = path.parent / entry["authority"]
        try:
            authority = pem.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path}, hall {number}: the authority {pem} cannot be read: {error}") from None
        try:
            halls.append(Hall.model_validate({**entry, "authority": authority}))
        except ValidationError as error:
            raise SettingsError(f"{path}, hall {number}: {_explain(error, prefix='')}") from None
    return tuple(halls)


def _explain(error: ValidationError, prefix: str = "HCP_CENTRAL_") -> str:
    # only the place and the reason: pydantic's own text would repeat the value, which may be a key
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in problem["loc"]) or "settings"
        name = prefix + place.upper() if prefix and "." not in place and place != "settings" else place
        lines.append(f"{name}: {problem['msg']}")
    return "; ".join(lines)


def _checked_id(value: str) -> str:
    try:
        return topics.check_id(value)
    except ProtocolError as error:
        raise ValueError(error.detail) from None


def _long_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_KEY:
        raise ValueError(f"a key has at least {MIN_KEY} characters; make one with: openssl rand -hex 24")
    return value
