"""What a deployment changes in its policy: single values, each with a written reason.

policy = "wenzhou"

[[override]]
key = "timers.call_back.amount"
value = 2
reason = "市政务服务局 2026 年第 3 次会议纪要"
by = "市政务服务局"                          # may be left out
"""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, StringConstraints, ValidationError

from central.core import policy as policies
from central.core.policy import HEAD, Policy, PolicyError
from central.core.policy_words import InForce, Override
from central.core.terms import OVERRIDE, Model, Said, Text, Value

MAX_BYTES = 65_536
#: What an article says and which it is, no deployment changes.
FIXED = {*HEAD, "article", "conflict", "note"}


def _in_words(value: str) -> str:
    if not value.strip():
        raise ValueError("写明的理由")
    return value


class _Entry(Model):
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.]{1,200}$")]
    value: Any
    reason: Annotated[Text, AfterValidator(_in_words)]
    by: Text | None = None


class _File(Model):
    policy: Text
    override: tuple[_Entry, ...]


def read(file: str, text: bytes, base: Policy) -> InForce:
    """The policy with a deployment's own values. ``file`` is the name of theirs. Raises PolicyError."""
    if len(text) > MAX_BYTES:
        raise PolicyError(file, "-", f"不超过 {MAX_BYTES} 字节", f"{len(text)} 字节")
    try:
        found = _File.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        raise policies.named(file, error) from None
    except (ValueError, RecursionError) as error:
        raise PolicyError(file, "-", "TOML", f"有语法错误（{str(error)[:200]}）") from None
    if found.policy != base.policy:
        raise PolicyError(file, "policy", f" {base.policy}", f" {found.policy[:60]}")
    overrides = tuple(Override(one.key, one.value, one.reason.strip(), one.by) for one in found.override)
    return InForce(apply(file, base, overrides), base, overrides)


def apply(file: str, base: Policy, overrides: tuple[Override, ...]) -> Policy:
    """The base with these values in it. Raises PolicyError that names the file of the overrides and the key."""
    table = base.model_dump(mode="json", exclude_none=True)
    seen: set[str] = set()
    for one in overrides:
        if one.key in seen:
            raise PolicyError(file, one.key, "每个项目只调整一次", "又一次")
        seen.add(one.key)
        _put(file, base, table, one)
    return policies.of(file, table, overridden=True)


def _put(file: str, base: Policy, table: dict[str, Any], one: Override) -> None:
    """Set one value where the schema has a place for it and the policy a table around it."""
    parts = one.key.split(".")
    here, kind = table, Policy
    for number, part in enumerate(parts):
        inner = _inner(kind, part, here)
        if inner is None or part in FIXED:
            raise PolicyError(file, one.key, "规定中可以调整的项目", f" {part!r:.60}")
        if number < len(parts) - 1:
            if not isinstance(here.get(part), dict) and not _is_group(inner):
                raise PolicyError(file, one.key, f"先有 {'.'.join(parts[: number + 1])} 整项", "空")
            here, kind = here.setdefault(part, {}), inner
            continue
        bare = _is(inner, Value) and not isinstance(one.value, dict)
        value = {**here.get(part, {}), "value": one.value} if bare else one.value
        here[part] = _with_article(inner, value)
    _end_silence(base, table, one.key)


def _inner(kind: Any, part: str, here: Mapping[str, Any]) -> Any:
    """The type of what is named ``part``; None if there is no such place."""
    if isinstance(kind, type) and issubclass(kind, Model):
        field = kind.model_fields.get(part)
        return _plain(field.annotation) if field else None
    if getattr(kind, "__origin__", None) is dict and part in here:
        return _plain(get_args(kind)[1])
    return None


def _plain(kind: Any) -> Any:
    """A type without its ``| None``."""
    kinds = [one for one in get_args(kind) if one is not type(None)]
    return kinds[0] if len(kinds) == 1 and type(None) in get_args(kind) else kind


def _is(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _is_group(kind: Any) -> bool:
    return _is(kind, Model) and not _is(kind, Said)


def _with_article(kind: Any, value: Any) -> Any:
    """The value with the deployment itself as the article of every statement that has none."""
    if not isinstance(value, dict):
        return value
    if _is(kind, Model):
        inner = {name: _plain(field.annotation) for name, field in kind.model_fields.items()}
        whole = {name: _with_article(inner.get(name), item) for name, item in value.items()}
        return {**whole, "article": value.get("article", OVERRIDE)} if _is(kind, Said) else whole
    if getattr(kind, "__origin__", None) is dict:
        item_kind = _plain(get_args(kind)[1])
        return {name: _with_article(item_kind, item) for name, item in value.items()}
    return value


def _end_silence(base: Policy, table: dict[str, Any], key: str) -> None:
    """What was declared empty and has a value now is no longer silent; its neighbours still are."""
    unsaid = table["unsaid"]
    # the nearest: a limit of a class is a slot of its own, inside that of all classes
    slot = max((one for one in policies.slots(base) if key == one or key.startswith(f"{one}.")), key=len, default=None)
    declared = slot
    while declared and declared not in unsaid:
        declared = declared.rpartition(".")[0]
    if not declared:
        return
    why = unsaid.pop(declared)
    for other in policies.slots(base):
        if other != slot and other.startswith(f"{declared}."):
            unsaid.setdefault(other, why)
