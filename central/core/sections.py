"""The sections of a policy: what a regulation may say, and by which key.

A field that may be None is a slot: a policy says it, or lists it under ``[unsaid]`` with the reason.
"""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from central.core.rating import Level
from central.core.terms import FieldName, FormField, Ground, GroundName, Model, Named, Party, Said, Text, Timer, Value

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}-\d{2})?$")]


class Source(Model):
    """The document."""

    title: Text
    number: Text | None = None
    issuer: Text
    issued: Day
    in_force: Day | None = None
    state: Literal["complete", "fragment", "draft"]
    missing: Text | None = None
    """What the text that we have lacks."""


class Article(Model):
    """Where a sentence stands, and the sentence."""

    at: Text
    text: Text


class Labels(Said):
    """One name for each level."""

    very_satisfied: Text
    satisfied: Text
    fairly_satisfied: Text
    dissatisfied: Text
    very_dissatisfied: Text

    def by_level(self) -> dict[str, str]:
        return {str(level): getattr(self, level) for level in Level}


class Levels(Model):
    """The five levels by the regulation's own names."""

    names: Labels | None = None
    alternative: Labels | None = None
    """A second set that it also allows (兰州)."""
    bad: Value[tuple[Level, ...]] | None = None
    good: Value[tuple[Level, ...]] | None = None
    stars: Value[StrictBool] | None = None
    """Whether the levels are shown as 5 to 1 stars."""


class Lists(Said):
    """The indicators by level and code (spec 3.3, key 10)."""

    levels: dict[Level, dict[Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,4}$")], Text]]


class Indicators(Model):
    """Second-level indicators (二级指标): the reasons that are offered for a level."""

    dimensions: dict[Name, Named] | None = None
    """What is rated (评价内容)."""
    options: Value[Annotated[StrictInt, Field(ge=1, le=32)]] | None = None
    """How many are offered."""
    lists: Lists | None = None
    questions: dict[Name, Named] | None = None
    """What the online form asks for besides (评价问询表单)."""


class Scope(Model):
    """Who rates what."""

    targets: dict[Literal["institution", "platform", "staff", "item", "case", "guide", "application"], Named] | None = (
        None
    )
    items: dict[Name, Named] | None = None
    tiers: dict[Name, Named] | None = None
    """Levels of administration that are covered."""
    raters: dict[Literal["person", "legal_person", "other"], Named] | None = None
    voluntary: Value[StrictBool] | None = None


class Channel(Named):
    """A way to rate. ``rates``: a ``case`` (one rating for a service), or the whole in a ``comprehensive`` feedback."""

    rates: Literal["case", "comprehensive"] = "case"
    duty: Literal["must", "one_of", "should", "may"] = "must"
    """``one_of``: any channel with this word is enough; ``should``: 宜; ``may``: where there are the means."""


class Identity(Model):
    """实名制."""

    rule: Value[Literal["real_name", "encouraged"]] | None = None
    confidential: Value[StrictBool] | None = None
    consent: Value[StrictBool] | None = None
    """Nothing to a third party without the citizen's consent."""


class Frequency(Model):
    """How often one may rate."""

    hall: Value[Literal["per_service"]] | None = None
    online: Value[Literal["per_service", "per_case", "per_finished_case"]] | None = None
    consultation: Value[Literal["per_service"]] | None = None
    centre: Value[Literal["per_day"]] | None = None
    """The hall as a whole (总体建设管理): one rating a day for a person."""


class Reasons(Model):
    """Reasons of a bad rating. A bad rating without one is kept, whatever the rule."""

    on_bad: Value[Literal["required", "offered"]] | None = None
    ways: Value[tuple[Literal["tick", "text"], ...]] | None = None


class Default(Model):
    """What silence counts as."""

    after: Timer | None = None
    whole: Value[StrictBool] | None = None
    """全部办结: not before every service of the case is over, too."""
    level: Value[Level] | None = None
    marked: Value[Literal[True]] | None = None
    """Kept apart from what citizens said, in every figure."""
    late: Value[Literal["supersede"]] | None = None
    """What a real rating does that comes afterwards; both records are kept."""


class Supplement(Model):
    """追评、补评: the citizen adds reasons or words to a rating afterwards. What was rated stays as it was."""

    within: Timer | None = None


class Prompt(Named):
    """``title`` is the duty, ``words`` what the citizen reads or hears: ours, for no regulation gives them."""

    words: Text | None = None


class Prompts(Model):
    """Who or what asks the citizen to rate."""

    window: Prompt | None = None
    """At the window, by the staff or the device."""
    reminder: Prompt | None = None
    """Afterwards, if there is no rating yet."""
    finished: Prompt | None = None
    """Online or at a terminal, when the case is done."""


class Timers(Model):
    """The time limits of the loop, by :class:`TimerName`."""

    call_back: Timer | None = None
    appeal: Timer | None = None
    review: Timer | None = None
    rectify: Timer | None = None
    rectify_complex: Timer | None = None
    invalid_report: Timer | None = None
    rectification_review: Timer | None = None
    feedback: Timer | None = None
    supervise: Timer | None = None
    text_moderation: Timer | None = None


class ClassTimers(Model):
    """The limits that a class has of its own."""

    call_back: Timer | None = None
    rectify: Timer | None = None


class Class(Named):
    """A class of rectification (嘉祥), chosen by the indicator codes of the rating. ``codes`` are ours to map."""

    codes: tuple[StrictInt, ...] = ()
    timers: ClassTimers = ClassTimers()


class CallBack(Model):
    """回访."""

    recorded: Value[StrictBool] | None = None
    """A case does not close without its record."""
    rate_percent: Value[Annotated[StrictInt, Field(ge=1, le=100)]] | None = None
    """Of the bad ratings with a real name."""
    least_attempts: Value[Annotated[StrictInt, Field(ge=1, le=10)]] | None = None
    """On different days, before 拒评 may be said."""
    fields: dict[FieldName, FormField] | None = None
    """What its record must hold."""


class Extension(Model):
    """延期."""

    when: Value[Literal["before_due"]] | None = None
    fields: dict[FieldName, FormField] | None = None


class Appeal(Model):
    """申诉: a party asks somebody else to decide that a bad rating is mistaken or malicious."""

    by: Value[Party] | None = None
    to: Named | None = None
    written: Value[StrictBool] | None = None
    grounds: dict[GroundName, Ground] | None = None
    fields: dict[FieldName, FormField] | None = None
    """Required whatever the ground."""
    excluded: dict[Name, Named] | None = None
    """What must be put right and cannot be appealed against."""
    own_system_not: Ground | None = None
    """The trouble came from a system that the institution did not build (非自建系统)."""
    several_departments: Ground | None = None
    failings: dict[Name, Named] | None = None
    """When an appeal is judged insufficient (申诉不合格)."""
    late: Value[Literal["stands"]] | None = None
    """逾期未申诉的视为差评."""
    suspends_rectify: Value[StrictBool] | None = None
    """Whether the limit of rectification stands still meanwhile."""


class Invalid(Model):
    """无效差评: the handling unit itself says so; whether anybody looks again is ``reviewed_by``."""

    by: Value[Party] | None = None
    grounds: dict[GroundName, Ground] | None = None
    reviewed_by: Named | None = None


class Review(Model):
    """复核: who decides, and what follows."""

    by: Named | None = None
    third_party: Value[StrictBool] | None = None
    """By another institution than the one that handles it."""
    rectifications: Value[StrictBool] | None = None
    """Every rectification is reviewed too."""
    failed: Value[Literal["back_to_rectify"]] | None = None
    upheld: Value[Literal["not_adopted"]] | None = None
    """The rating is kept, flagged, and leaves the statistics."""
    told: Named | None = None
    """Who is told the result besides the citizen."""


class Rectify(Model):
    """整改 and its reply."""

    fields: dict[FieldName, FormField] | None = None
    words: Value[tuple[Text, ...]] | None = None
    """Words that make a reply fail."""
    failings: dict[Name, Named] | None = None
    """When a reply is judged a failure (整改不合格)."""
    feedback: Named | None = None
    """How the citizen is told."""


class Malicious(Model):
    """恶意评价."""

    scope: Value[Literal["rating", "rater"]] | None = None
    people: Named | None = None
    """A list of persons (恶意评价人员信息库)."""
    handling: Value[Literal["quarantine", "not_adopted"]] | None = None
    safeguards: dict[Literal["two_people", "expiry", "appeal", "record_kept"], Named] | None = None


class Publication(Model):
    """What is told to the public, and how often."""

    metrics: dict[Name, Named] | None = None
    outlets: dict[Name, Named] | None = None
    period: Value[Literal["monthly", "quarterly", "yearly"]] | None = None
    text_approved: Value[StrictBool] | None = None
    """No text before somebody approved it."""


class Accountability(Model):
    """问责."""

    bad_ratings: Value[Annotated[StrictInt, Field(ge=1, le=1000)]] | None = None
    """This many confirmed ones ..."""
    within: Value[Literal["year"]] | None = None
    window: Value[Literal["rolling", "calendar"]] | None = None
    assessed: Named | None = None
    repeated: Named | None = None
    transferred: Named | None = None
