"""What a citizen says without a device: a level by its name, perhaps reasons and words. JSON values in, a `Word` out.

Whoever sends it says nothing about where it comes from: origin and channel follow from what the sender could show.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from central.core.rating import Level
from central.core.refusal import Refusal

#: Characters of a text; other systems take 150 (docs/glossary.md), a phone screen shows about as many.
MAX_TEXT = 500
MAX_REASONS = 16
RULE = "本系统规则：评价内容"


def readable(value: str) -> str:
    """Words as they are kept. Raises ValueError for what no keyboard gives."""
    if any(ord(letter) < 32 and letter not in "\n\t" or ord(letter) == 127 for letter in value):
        raise ValueError("expected no control characters")
    return value.strip()


Words = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(readable)]
Reasons = Annotated[tuple[Annotated[int, Field(strict=True, ge=1, le=99999)], ...], Field(max_length=MAX_REASONS)]


class Word(BaseModel):
    """A level with what was said about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    reasons: Reasons = ()
    text: Words | None = None

    def same_as(self, level: Level, reasons: Any, text: str | None) -> bool:
        """Whether this was said before in these very words."""
        return (self.level, list(self.reasons), self.text or None) == (level, list(reasons), text or None)


def read(value: dict[str, Any]) -> Word | Refusal:
    """The word in a JSON object."""
    try:
        return Word.model_validate(value)
    except ValidationError as error:
        # names of fields, never their values: they are the citizen's
        wrong = "、".join(dict.fromkeys(str(one["loc"][0]) for one in error.errors(include_input=False)[:5]))
        wanted = f"等级须为五个等级的名称之一，理由为选项编号，文字不超过 {MAX_TEXT} 字，不得有其他项目"
        sentence = f"以下内容填写有误：{wrong}。{wanted}"
        return Refusal("bad_word", sentence, RULE)
