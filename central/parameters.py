"""What several routes are told, with the words of the OpenAPI document for it."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from central.core.calendar import ZONE
from central.core.events import MAX_INT

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.{0,20}")


def _written(value: object) -> object:
    # a number would be taken for seconds since 1970
    if not isinstance(value, str) or not _WRITTEN.fullmatch(value):
        raise ValueError("expected a time such as 2026-09-30T15:00:00+08:00")
    return value


def _possible(value: datetime) -> datetime:
    aware = value if value.tzinfo else value.replace(tzinfo=ZONE)
    if not _EARLIEST <= aware < _LATEST:
        raise ValueError(f"expected a time from {_EARLIEST.year} to {_LATEST.year}")
    return aware


Number = Annotated[int, Path(ge=1, le=MAX_INT, description="差评处置的编号，由列表的 number 得知。", examples=[17])]
After = Annotated[int, Query(ge=0, le=MAX_INT, description="只取此编号之后的；填上一页的 next。")]
Limit = Annotated[int, Query(ge=1, le=1000, description="一页至多多少条。")]
#: In a body. A time without a zone is Beijing time, as officials write it.
Time = Annotated[datetime, BeforeValidator(_written), AfterValidator(_possible), Field(strict=False)]
ZonedTime = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_possible), Field(strict=False)]


def ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
