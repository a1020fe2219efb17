"""The limits of the store, as one frozen object."""

from dataclasses import dataclass

from gateway.core.overload import Limits

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class StoreSettings:
    """Sizes in bytes. See ``gateway/settings.py`` for what each is for."""

    max_bytes: int = 8 << 30
    soft_bytes: int = 256 << 20
    hard_bytes: int = 64 << 20
    ballast_bytes: int = 0
    keep_records_days: int = 1100
    keep_business_days: int = 1100

    @property
    def limits(self) -> Limits:
        return Limits(self.max_bytes, self.soft_bytes, self.hard_bytes)

    @property
    def keep_records_ms(self) -> int:
        return self.keep_records_days * _DAY_MS

    @property
    def keep_business_ms(self) -> int:
        return self.keep_business_days * _DAY_MS
