"""A paper form 书面评价表格 (LZ 二(一)3): what one person types from it, and who may look whether that is right.

The scan stays where it was made; here is its SHA-256, so that what was typed can be held against that very picture.
"""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from central.core import events
from central.core.refusal import Refusal
from central.core.spoken import Word

RULE = "本系统规则：书面评价表格须两人核对（LZ 二(一)3）"


class PaperForm(Word):
    """书面评价表格的录入内容。form_no 为表格上印的编号，scan 为扫描件的 SHA-256，filled_in_at 为填表时间。"""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hall: events.DeviceId
    form_no: events.Text
    case_no: events.Text
    service_no: events.Count
    filled_in_at: events.Time
    scan: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def too_early(form: PaperForm, now_ms: int) -> Refusal | None:
    """A form that will be filled in tomorrow."""
    return Refusal("bad_time", "填表时间在现在以后，请核对", RULE) if form.filled_in_at > now_ms else None


def may_check(entered_by: str, person: str) -> Refusal | None:
    """Why this person may not be the second one."""
    if person != entered_by:
        return None
    return Refusal("same_person", "录入人不能核对自己录入的表格，请交由另一人对照扫描件核对", RULE)


def involved() -> Refusal:
    """Somebody who serves at the window of this case."""
    return Refusal(
        "involved", "办理该办件的人员须回避，不得录入或核对对该办件的评价；请交由其他人员", "MOT 第五条、WZ 第四条"
    )
