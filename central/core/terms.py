"""The words a policy is written in: its timers, events, parties, grounds and fields, and what a statement is.

A statement (``Said``) carries the ids of its articles (docs/requirements.toml). Where the regulation is silent or
contradicts itself and the project had to decide, ``conflict`` names the decision (C-1 … C-22) and ``note`` says it.
"""

from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from central.core.deadlines import Unit

OVERRIDE = "override"
"""Stands for an article where a deployment says what its regulation does not."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]
ArticleId = Annotated[str, StringConstraints(pattern=rf"^((WZ|JX|LZ|MOT|SP)-[A-Z0-9a-z./-]+…?|{OVERRIDE})$")]
ConflictId = Annotated[str, StringConstraints(pattern=r"^C-([1-9]|1[0-9]|2[0-2])$")]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


ArticleIds = Annotated[tuple[ArticleId, ...], BeforeValidator(_listed)]
ConflictIds = Annotated[tuple[ConflictId, ...], BeforeValidator(_listed)]


class TimerName(StrEnum):
    """What has a time limit. The name of a class (嘉祥) may stand before it: ``classes.limited.timers.rectify``."""

    CALL_BACK = "call_back"
    """回访核实."""
    APPEAL = "appeal"
    """申诉: until when the appeal must be filed."""
    REVIEW = "review"
    """The reviewer's own limit for an appeal (申诉审核、复核)."""
    RECTIFY = "rectify"
    """整改, with the reply (整改答复)."""
    RECTIFY_COMPLEX = "rectify_complex"
    """The same where the matter was declared complex (情况复杂)."""
    INVALID_REPORT = "invalid_report"
    """The report on an invalid rating (无效差评处理情况)."""
    RECTIFICATION_REVIEW = "rectification_review"
    """整改复核."""
    FEEDBACK = "feedback"
    """反馈评价人."""
    SUPERVISE = "supervise"
    """督办."""
    TEXT_MODERATION = "text_moderation"
    """文本审核."""


class Event(StrEnum):
    """What starts a clock. The day it happens is not counted."""

    RATED = "rated"
    PUSHED = "pushed"
    """The institution received it."""
    TOLD = "told"
    """The rated staff member received it."""
    FINISHED = "finished"
    VERIFIED = "verified"
    CALLED_BACK = "called_back"
    RECTIFIED = "rectified"
    APPEAL_RECEIVED = "appeal_received"
    TEXT_RECEIVED = "text_received"


class Party(StrEnum):
    """Who may say that a bad rating is none."""

    INSTITUTION = "institution"
    STAFF = "staff"


class GroundName(StrEnum):
    """Why a bad rating is said to be none: the union of all five regulations (C-10)."""

    MISTAKEN = "mistaken"
    MALICIOUS = "malicious"
    REFUSED = "refused"
    INELIGIBLE = "ineligible"
    OTHER = "other"
    UNTRUE = "untrue"
    NO_LEGAL_BASIS = "no_legal_basis"
    IRRELEVANT = "irrelevant"


class FieldName(StrEnum):
    """What a form asks for."""

    RATED_AT = "rated_at"
    CAUSE = "cause"
    APPEAL_REASON = "appeal_reason"
    RESPONSE_TO_TEXT = "response_to_text"
    INTENDED_ITEM = "intended_item"
    RELATED = "related"
    BASIS = "basis"
    ATTEMPTS = "attempts"
    POLICY_BASIS = "policy_basis"
    WHY_NOT_MATCHING = "why_not_matching"
    WRONG_STEP = "wrong_step"
    SPECIFICS = "specifics"
    SCENE = "scene"
    REPRODUCTION = "reproduction"
    TRANSFER_TO = "transfer_to"
    LEAD = "lead"
    RESULT = "result"
    NEXT_MEASURES = "next_measures"
    CONTACT = "contact"
    REASON = "reason"
    NEW_DUE = "new_due"
    JOINT_MEASURES = "joint_measures"
    PRELIMINARY = "preliminary"


class Model(BaseModel):
    """Frozen, and no key passes unread."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(Model):
    """Something that the regulation says."""

    article: Annotated[ArticleIds, Field(min_length=1)]
    conflict: ConflictIds = ()
    note: Text | None = None
    """What was decided where the words leave it open, or what to watch."""


T = TypeVar("T")


class Value(Said, Generic[T]):
    """One value."""

    value: T


class Named(Said):
    """Something with a name of its own in the regulation: an outlet, a role, a measure."""

    title: Text


class Timer(Said):
    """A time limit: ``amount`` of ``unit`` (WD 工作日, d 自然日, h 小时) after ``start``; or at once (立即)."""

    amount: Annotated[StrictInt, Field(ge=1, le=365)] | None = None
    unit: Unit | None = None
    at_once: StrictBool = False
    start: Event
    in_principle: StrictBool = False
    """原则上: being late is a warning, nothing is closed."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "Timer":
        counted = self.amount is not None and self.unit is not None
        if counted == self.at_once or (self.amount is None) != (self.unit is None):
            raise ValueError("数量 amount 和单位 unit，或 at_once = true")
        return self


class FormField(Named):
    """One field of a form. ``only`` names the kind of ground for which it is required; None: always."""

    only: Text | None = None
    least: Annotated[StrictInt, Field(ge=1, le=10)] | None = None
    """How many entries, for a list (call attempts, on different days)."""


class Kind(Named):
    """A kind of a ground (评错事项、回错数字、点错星级)."""


class Ground(Named):
    """A ground for saying that a bad rating is none, with what must be filled in."""

    kinds: dict[Text, Kind] = {}
    fields: dict[FieldName, FormField] = {}
    example: Value[Text] | None = None
    """The regulation's own model text."""
