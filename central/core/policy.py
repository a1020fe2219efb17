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


class PolicyError(ValueError):
    """This is no policy. Names the file, the key, what was expected there and what was found."""

    def __init__(self, file: str, key: str, expected: str, got: str):
        super().__init__(f"{file}: {key}: expected {expected}, got {got}")
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
        raise PolicyError(file, "-", f"at most {MAX_BYTES} bytes", str(len(text)))
    try:
        found = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise PolicyError(file, "-", "TOML", str(error)[:200]) from None
    return of(file, found)


def of(file: str, found: Mapping[str, Any]) -> Policy:
    """The policy in a table. Raises PolicyError."""
    try:
        policy = Policy.model_validate(found)
    except ValidationError as error:
        raise _named(file, error) from None
    for key, said in statements(policy):
        for article in said.article:
            if article != OVERRIDE and article not in policy.articles:
                raise PolicyError(file, f"{key}.article", "an id that [articles] quotes", article)
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
    for key, value in found.items():
        silent = _why(policy, key)
        if value and silent:
            raise PolicyError(file, f"unsaid.{key}", "a key that is empty", "one that has a value")
        if not value and not silent and key not in by_class:
            raise PolicyError(file, key, "a value with its article, or a reason under [unsaid]", "nothing")
    for key in policy.unsaid:
        if not any(slot == key or slot.startswith(f"{key}.") for slot in found):
            raise PolicyError(file, f"unsaid.{key}", "a key of the schema that may be empty", "another")


def _named(file: str, error: ValidationError) -> PolicyError:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "-"
    kind, said = problem["type"], problem["msg"]
    if kind == "missing":
        return PolicyError(file, key, "a value", "nothing")
    if kind == "extra_forbidden":
        return PolicyError(file, key, "a key of the schema", "an unknown one")
    expected = (
        said.removeprefix("Input should be ").removeprefix("Value error, expected ").removeprefix("String should ")
    )
    return PolicyError(file, key, expected, f"{problem['input']!r:.80}")
