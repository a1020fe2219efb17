"""What of a policy goes down to halls and devices (spec 9.4): labels, prompts, the reason rule and the indicators.

Both bodies carry a version made of their content, so that equal content has an equal version wherever it is made, and
other content another one. Such versions lie in the upper half of their range: they never meet one that a person gave.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from central.core.policy import Policy
from central.core.rating import Level
from protocol import levels

UPPER_HALF = 0x80000000

#: Our own words where a policy wants a prompt and gives none: they ask, and hint at no level.
PROMPTS = {
    "window": "请您对本次服务作出评价，评价自愿",
    "reminder": "您尚未评价本次服务，欢迎评价，评价自愿",
    "finished": "办理已完成，请您作出评价，评价自愿",
}


@dataclass(frozen=True)
class HandedDown:
    """The ``data`` of two corrections, in the order in which they are published: ``indicators``, then ``policy``."""

    policy: dict[str, Any]
    indicators: dict[str, Any]


def handed_down(policy: Policy, national: Mapping[str, Any]) -> HandedDown:
    """The part for halls and devices. ``national``: the indicators for a policy that lists none, with their version."""
    indicators = _indicators(policy, national)
    names = policy.levels.names
    labels = names.by_level() if names else {}
    body: dict[str, Any] = {
        "policy": policy.policy,
        "revision": policy.revision,
        "labels": labels,
        "label_set": _label_set(labels),
        "stars": bool(policy.levels.stars and policy.levels.stars.value),
        "indicators": indicators["version"],
        "indicators_from": "policy" if policy.indicators.lists else "national",
        "prompts": _prompts(policy),
        "reason_rule": _reason_rule(policy),
    }
    return HandedDown({**body, "version": version(body)}, indicators)


def version(content: Mapping[str, Any]) -> int:
    """The version of this content: 2147483648 to 4294967295, from its SHA-256."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") | UPPER_HALF


def doubts(policy: Policy, national: Mapping[str, Any]) -> list[str]:
    """What a deployment should know about what would be handed down, in Chinese."""
    found = []
    if not policy.indicators.lists:
        found.append("文中没有列出二级选项，下发国家指标集")
    wanted, body = policy.indicators.options, handed_down(policy, national)
    counts = {len(codes) for codes in body.indicators["content"]["levels"].values()}
    if wanted and counts != {wanted.value}:
        offered = "、".join(map(str, sorted(counts)))
        found.append(f"文中要求 {wanted.value} 个选项，下发的每级 {offered} 个：请以 indicators.lists 调整")
    if body.policy["label_set"] is None:
        found.append("等级名称不是评价器内置的两套之一，评价器将显示第一套")
    return found


def _indicators(policy: Policy, national: Mapping[str, Any]) -> dict[str, Any]:
    """Codes are shown by rising number: the order in which they are written does not survive the way (spec 9.4)."""
    own = policy.indicators.lists
    given = own.levels if own else national["levels"]
    words = {str(level): dict(sorted(codes.items(), key=lambda item: int(item[0]))) for level, codes in given.items()}
    asked = [name for name in levels.BAD if name in words]
    content = {"asked": asked, "levels": words}
    number = version(content) if own else national["version"]
    return {"version": number, "content": {"version": number, **content}}


def _label_set(labels: Mapping[str, str]) -> int | None:
    """Which of the sets that a device can show (spec 5.3, key 13)."""
    shown = tuple(labels.get(name) for name in levels.NAMES)
    return next((number for number, words in levels.LABELS.items() if words == shown), None)


def _prompts(policy: Policy) -> dict[str, str]:
    said = {name: getattr(policy.prompts, name) for name in PROMPTS}
    return {name: prompt.words or PROMPTS[name] for name, prompt in said.items() if prompt}


def _reason_rule(policy: Policy) -> dict[str, Any]:
    """``rule``: required, offered, or None where nothing is said. A bad rating without a reason is kept (C-11)."""
    bad = policy.levels.bad.value if policy.levels.bad else ()
    return {
        "levels": [str(level) for level in Level if level in bad],
        "rule": policy.reasons.on_bad.value if policy.reasons.on_bad else None,
        "ways": list(policy.reasons.ways.value) if policy.reasons.ways else [],
        "without": "kept",
    }
