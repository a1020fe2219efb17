"""Ratings that another system brings: rows with that system's own codes in, words of citizens out, or why not.

The sender names its code tables (`core.code_tables`): a bare number has no meaning of its own. What is a default over
there is none of a citizen's here, and is not taken.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from central.core import code_tables, events
from central.core.rating import Channel
from central.core.refusal import Refusal
from central.core.spoken import Reasons, Word, Words

MAX_ROWS = 500
RULE = "本系统规则：评价导入"


class Batch(BaseModel):
    """``source`` is the name of the system that sends; with it a rating's own ``key`` is unique. Each row is a `Row`,
    and judged by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hall: events.DeviceId
    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    levels: str
    channels: str
    ratings: Annotated[list[Any], Field(min_length=1, max_length=MAX_ROWS)]


class Row(BaseModel):
    """对方系统的一条评价：satisfaction 与 pf 按批次所写的代码表，is_default 为对方的默认评价（不予导入）。"""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
    case_no: events.Text
    service_no: Annotated[int, Field(ge=1, le=2**31 - 1)]
    satisfaction: int | str
    pf: int | str
    rated_at: events.Time
    is_default: bool = False
    reasons: Reasons = []
    text: Words | None = None


@dataclass(frozen=True)
class Imported:
    """A citizen's word from another system."""

    key: str
    case_no: str
    service_no: int
    channel: Channel
    given_ms: int
    word: Word


def unknown_table(batch: Batch) -> Refusal | None:
    """Whether the sender names tables that there are."""
    for name, tables in ((batch.levels, code_tables.LEVELS), (batch.channels, code_tables.CHANNELS)):
        if name not in tables:
            return Refusal("no_table", f"代码表应为 {'、'.join(tables)} 之一，实为 {name!r:.40}", RULE)
    return None


def read_row(batch: Batch, value: object, now_ms: int) -> Imported | Refusal:
    """One row by the batch's tables."""
    try:
        row = Row.model_validate(value)
        channel = code_tables.CHANNELS[batch.channels].read(row.pf)
        level = code_tables.LEVELS[batch.levels].read(row.satisfaction)
    except ValidationError as error:
        return Refusal("bad_row", events.explain(error), RULE)
    except ValueError as error:
        return Refusal("bad_row", str(error), RULE)
    if row.is_default or channel is Channel.NONE:
        return Refusal("default_there", "来源系统的默认评价不是群众作出的，不作为评价导入", "C-2")
    if row.rated_at > now_ms:
        return Refusal("bad_row", "rated_at 在现在以后，请核对来源系统的时钟", RULE)
    word = Word(level=level, reasons=row.reasons, text=row.text)
    return Imported(f"{batch.source}/{row.key}", row.case_no, row.service_no, channel, row.rated_at, word)
