"""A paper form 书面评价表格 (LZ 二(一)3): what one person types from it, and who may look whether that is right.

The scan stays where it was made; here is its SHA-256, so that what was typed can be held against that very picture.
"""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from central.core import events
from central.core.refusal import Refusal
from central.core.spoken import Word

RULE = "本系统规则：书面评价表格须两人核对（LZ 二(一)3）"


class PaperForm(Word):
    """``form_no`` is printed on the form; ``filled_in_at`` is when the citizen filled it in."""

    hall: events.DeviceId
    form_no: events.Text
    case_no: events.Text
    service_no: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    filled_in_at: events.Time
    scan: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @property
    def word(self) -> Word:
        """What the citizen said on it."""
        return Word(level=self.level, reasons=self.reasons, text=self.text)


def read(value: dict[str, Any], now_ms: int) -> PaperForm | Refusal:
    """The form in a JSON object."""
    try:
        form = PaperForm.model_validate(value)
    except ValidationError as error:
        wrong = "、".join(dict.fromkeys(str(one["loc"][0]) for one in error.errors(include_input=False)[:8]))
        sentence = (
            f"以下内容缺失或填写有误：{wrong}。须有大厅、表格编号、办件编号、服务次数、等级、填表时间和扫描件的 SHA-256"
        )
        return Refusal("bad_form", sentence, RULE)
    if form.filled_in_at > now_ms:
        return Refusal("bad_form", "填表时间在现在以后，请核对", RULE)
    return form


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
