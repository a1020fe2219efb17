"""A policy: one regulation as data. Bytes in, a frozen :class:`Policy` or a :class:`PolicyError` out.

Every key of the schema is either said, with the ids of its articles, or stands under ``[unsaid]`` with the reason why
it is empty: a key that was merely forgotten is an error, and nothing is filled in for a regulation that is silent.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationError

from central.core import sections
from central.core.sections import Name
from central.core.terms import OVERRIDE, ArticleId, Model, Named, Said, Text, Timer, TimerName

#: A policy file is a few pages.
MAX_BYTES = 262_144
#: Keys of a policy that say what it is, not what it rules.
HEAD = ("policy", "revision", "source", "articles", "unsaid")


#: pydantic's kinds of errors in words.
EXPECTED = {
    "missing": "一个值",
    "extra_forbidden": "规定中有的项目",
    "int_type": "整数",
    "bool_type": " true 或 false",
    "string_type": "文字",
    "string_too_short": "非空的文字",
    "string_too_long": "不超过 {max_length} 字的文字",
    "string_pattern_mismatch": "符合 {pattern} 的文字",
    "greater_than_equal": "不小于 {ge} 的数",
    "less_than_equal": "不大于 {le} 的数",
    "too_short": "至少 {min_length} 项",
    "tuple_type": "列表",
    "dict_type": "表",
    "model_type": "表",
    "model_attributes_type": "表",
}


class PolicyError(ValueError):
    """This is no policy. Names the file, the key, what was expected there and what was found, for whoever wrote it."""

    def __init__(self, file: str, key: str, expected: str, got: str):
        super().__init__(f"{file}：{key}：应为{expected}，实为{got}")
        self.file, self.key, self.expected, self.got = file, key, expected, got


class Policy(Model):
    """One regulation. ``articles`` quotes what is said; ``unsaid`` says of each empty key why it is empty."""

    policy: Name
    revision: Annotated[StrictInt, Field(ge=1)]
    source: sections.Source
    articles: dict[ArticleId, sections.Article]
    unsaid: dict[str, Text] = {}
    levels: sections.Levels = sections.Levels()
    scope: sections.Scope = sections.Scope()
    indicators: sections.Indicators = sections.Indicators()
    channels: dict[Name, sections.Channel] | None = None
    identity: sections.Identity = sections.Identity()
    frequency: sections.Frequency = sections.Frequency()
    reasons: sections.Reasons = sections.Reasons()
    default: sections.Default = sections.Default()
    supplement: sections.Supplement = sections.Supplement()
    prompts: sections.Prompts = sections.Prompts()
    roles: (
        dict[Literal["coordinator", "supervisor", "handler", "technical", "contact", "guide", "call_back_team"], Named]
        | None
    ) = None
    call_back: sections.CallBack = sections.CallBack()
    timers: sections.Timers = sections.Timers()
    classes: dict[Name, sections.Class] | None = None
    extension: sections.Extension = sections.Extension()
    appeal: sections.Appeal = sections.Appeal()
    invalid: sections.Invalid = sections.Invalid()
    review: sections.Review = sections.Review()
    rectify: sections.Rectify = sections.Rectify()
    malicious: sections.Malicious = sections.Malicious()
    publication: sections.Publication = sections.Publication()
    accountability: sections.Accountability = sections.Accountability()

    def timer(self, name: TimerName, of_class: str | None = None) -> Timer | None:
        """The limit in force, the class's own first; None: the regulation gives none (see ``unsaid``)."""
        chosen = (self.classes or {}).get(of_class or "")
        own = getattr(chosen.timers, name, None) if chosen else None
        return own or getattr(self.timers, name)


@dataclass(frozen=True)
class Hole:
    """A key that this regulation leaves empty, and why."""

    key: str
    why: str


def read(file: str, text: bytes) -> Policy:
    """The policy in a TOML file. ``file`` is its name, for the message. Raises PolicyError."""
    if len(text) > MAX_BYTES:
        raise PolicyError(file, "-", f"不超过 {MAX_BYTES} 字节", f"{len(text)} 字节")
    try:
        found = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise PolicyError(file, "-", "TOML", f"有语法错误（{str(error)[:200]}）") from None
    return of(file, found)


def of(file: str, found: Mapping[str, Any], overridden: bool = False) -> Policy:
    """The policy in a table. ``overridden``: a deployment's values are in it. Raises PolicyError."""
    try:
        policy = Policy.model_validate(found)
    except ValidationError as error:
        raise named(file, error) from None
    for key, said in statements(policy):
        for article in said.article:
            if article not in policy.articles and not (overridden and article == OVERRIDE):
                raise PolicyError(file, f"{key}.article", "[articles] 中引用的条款编号", article)
    _check_silence(file, policy)
    return policy


def slots(policy: Policy) -> dict[str, Any]:
    """Every key that a regulation may leave empty, with what stands there."""
    return dict(_slots(policy, ""))


def holes(policy: Policy) -> list[Hole]:
    """What this regulation does not say, in the order of the schema."""
    return [Hole(key, why) for key, value in _slots(policy, "") if not value and (why := _why(policy, key))]


def statements(policy: Policy) -> Iterator[tuple[str, Said]]:
    """Every statement with its key: whatever has articles of its own."""
    for name in type(policy).model_fields:
        if name not in HEAD:
            yield from _statements(getattr(policy, name), name)


def _slots(model: Model, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if not prefix and name in HEAD:
            continue
        if isinstance(value, Model) and not isinstance(value, Said):
            yield from _slots(value, f"{prefix}{name}.")
            continue
        yield f"{prefix}{name}", value
        if name == "classes" and value:
            for of_class, content in value.items():
                yield from _slots(content.timers, f"{prefix}{name}.{of_class}.timers.")


def _statements(value: Any, key: str) -> Iterator[tuple[str, Said]]:
    if isinstance(value, Said):
        yield key, value
    if isinstance(value, Model):
        for name in type(value).model_fields:
            yield from _statements(getattr(value, name), f"{key}.{name}")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _statements(item, f"{key}.{name}")


def _why(policy: Policy, key: str) -> str | None:
    """The reason given for the key, or for a table above it."""
    while key:
        if key in policy.unsaid:
            return policy.unsaid[key]
        key = key.rpartition(".")[0]
    return None


def _check_silence(file: str, policy: Policy) -> None:
    """Each slot is said or declared empty, and nothing is both."""
    found = slots(policy)
    by_class = {f"timers.{name}" for name in sections.ClassTimers.model_fields} if policy.classes else set()
    for key, value in sorted(found.items(), key=lambda item: item[0] != "classes"):  # without them limits seem missing
        silent = _why(policy, key)
        if value and silent:
            raise PolicyError(file, f"unsaid.{key}", "没有内容的项目", "有内容的项目")
        if not value and not silent and key not in by_class:
            raise PolicyError(file, key, "附条款编号的值，或在 [unsaid] 中写明未规定的原因", "空")
    for key in policy.unsaid:
        if not any(slot == key or slot.startswith(f"{key}.") for slot in found):
            raise PolicyError(file, f"unsaid.{key}", "可以没有内容的项目", "其他")


def named(file: str, error: ValidationError) -> PolicyError:
    """The first thing that is wrong, in our words."""
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "-"
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        expected = str(context["error"])
    elif kind in ("literal_error", "enum"):
        expected = f" {context['expected'].replace(' or ', ', ')} 之一"
    else:
        expected = EXPECTED.get(kind, problem["msg"]).format(**context)
    empty = kind in ("missing", "extra_forbidden")
    return PolicyError(
        file, key, expected, {"missing": "空"}.get(kind, "多余的项目") if empty else f" {problem['input']!r:.80}"
    )
