"""The OpenAPI schema of a business event, found by asking ``gateway.core.business`` what it reads.

Types and fields come from there; here are only the words for people. A type or a field without words is still in the
document, and a test says that its words are missing.
"""

import dataclasses
import itertools
from collections.abc import Collection
from typing import Any

from gateway.core import applicant, business
from gateway.core.business import Type

#: type -> (name, what it means, example beyond id, type and at)
WORDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sign_in": ("签到", "工作人员开始在窗口办公。", {"window": "A01", "staff": "1001"}),
    "sign_out": ("签退", "工作人员离开窗口；不填 staff 则窗口上的人都已离开。", {"window": "A01", "staff": "1001"}),
    "called": (
        "叫号",
        "一次服务被叫到窗口，从此刻起该窗口的评价只能属于它。",
        {
            "window": "A01",
            "staff": "1001",
            "case_no": "LC-2026-1",
            "service_no": 1,
            "item_code": "0101",
            "item_name": "身份证换领",
        },
    ),
    "recalled": ("重呼", "过号或暂离后再次叫到窗口。", {"window": "A01", "case_no": "LC-2026-1", "service_no": 1}),
    "paused": ("暂停", "服务暂停（等材料、去缴费）；不填办件则为窗口暂停。", {"case_no": "LC-2026-1", "service_no": 1}),
    "resumed": ("恢复", "暂停的服务或窗口继续。", {"window": "A01", "case_no": "LC-2026-1", "service_no": 1}),
    "served": ("请评价", "本次服务办理完毕，评价器请评价人评价。", {"case_no": "LC-2026-1", "service_no": 1}),
    "finished": ("办结", "办件有了结果。", {"case_no": "LC-2026-1", "service_no": 1}),
    "transferred": ("转窗", "服务离开本窗口，将由另一窗口叫号。", {"case_no": "LC-2026-1", "service_no": 1}),
    "cancelled": ("取消", "过号、放弃或误叫，服务不再进行。", {"case_no": "LC-2026-1", "service_no": 1}),
    "withdrawn": ("撤回", "此前的一条事件并未发生。", {"corrects": "q-20261123-000016"}),
}

_TEXT = {"type": "string", "minLength": 1, "maxLength": business.MAX_TEXT}
#: field -> schema; what is not here is a text.
FIELDS: dict[str, dict[str, Any]] = {
    "id": {**_TEXT, "description": "业务系统自定的事件编号，同一系统内不重复；重发时不变。"},
    "at": {
        "type": "string",
        "format": "date-time",
        "description": "事件发生的时间（业务系统时钟），RFC 3339，须带时区；不得晚于网关时钟 5 分钟以上。",
        "examples": ["2026-11-23T09:01:00+08:00"],
    },
    "window": {**_TEXT, "description": "窗口编号，须已登记。叫号之后的事件可以不填（密钥限定窗口时须填）。"},
    "staff": {**_TEXT, "description": "工作人员工号；不填则为当时在该窗口签到的人。"},
    "case_no": {**_TEXT, "description": "办件编号。"},
    "service_no": {
        "type": "integer",
        "minimum": 1,
        "maximum": business.MAX_SERVICE_NO,
        "description": "服务次数：同一办件的第几次服务，从 1 起。与办件编号一起确定一次服务，一次服务评价一次。",
    },
    "item_code": {**_TEXT, "description": "事项编码。"},
    "item_name": {
        "type": "string",
        "minLength": 1,
        "maxLength": business.MAX_ITEM_NAME,
        "description": "事项名称，显示在评价器上。",
    },
    "applicant_kind": {"type": "string", "enum": ["self", "agent"], "description": "self 申请人本人；agent 代办人。"},
    "shared": {"type": "boolean", "description": "true：同一服务同时在几个窗口办理，叫到本窗口后不离开其他窗口。"},
    "corrects": {**_TEXT, "description": "所更正的事件的 id：本事件取代它，原事件保留备查。"},
}
_PERSON = {
    "name": {"type": "string", "minLength": 1, "maxLength": 64, "description": "姓名或单位名称。"},
    "id_no": {"type": "string", "pattern": "^[0-9A-Za-z()-]{1,40}$", "description": "证件号码。"},
    "phone": {"type": "string", "pattern": "^[0-9+() -]{5,24}$", "description": "联系电话。"},
}
_IDENTITY = {
    "applicant": {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "description": "申请人信息，到达即以 AES-256-GCM 封存，密钥另存；不记入日志，不显示；证件号码不出大厅。",
        "properties": {
            **_PERSON,
            "agent": {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": _PERSON},
        },
    },
    "applicant_sealed": {
        "type": "string",
        "pattern": "^[A-Za-z0-9+/=_.-]+$",
        "minLength": 16,
        "maxLength": applicant.MAX_SEALED,
        "description": "由业务系统自行加密的申请人信息（base64 或 JWE），网关原样保存，不能打开。与 applicant 二选一。",
    },
}


#: The fields besides id, type and at, by the name that JSON gives them.
NAMES = tuple(f.name for f in dataclasses.fields(business.Event) if f.name not in ("id", "type", "at_ms"))
_SAMPLES: dict[str, Any] = {"service_no": 1, "applicant_kind": "self", "shared": True}
_MOST_NEEDED = 4


def fields_of(kind: Type) -> tuple[list[set[str]], set[str]]:
    """The smallest sets of fields that an event of this type can do with, and all fields that it may have."""
    needed: list[set[str]] = []
    for size in range(_MOST_NEEDED + 1):
        for names in itertools.combinations(NAMES, size):
            if not any(known <= set(names) for known in needed) and _reads(kind, names):
                needed.append(set(names))
    may = {name for name in NAMES for known in needed if name in known or _reads(kind, {*known, name})}
    return needed, may


def _reads(kind: Type, names: Collection[str]) -> bool:
    value = {name: _SAMPLES.get(name, "x") for name in names}
    try:
        business.read({"id": "1", "type": str(kind), "at": "1970-01-01T00:00:00Z", **value}, 0, 0)
    except business.BusinessError:
        return False
    return True


def event(kind: Type) -> dict[str, Any]:
    """The schema of an event of one type."""
    needed, may = fields_of(kind)
    name, meaning, _ = WORDS.get(kind, (str(kind), "", {}))
    properties = {"id": FIELDS["id"], "type": {"const": str(kind)}, "at": FIELDS["at"]}
    properties |= {field: FIELDS.get(field, _TEXT) for field in NAMES if field in may}
    if "case_no" in may:
        properties |= _IDENTITY
    always = set.intersection(*needed) if needed else set()
    schema = {
        "type": "object",
        "title": f"{kind} {name}",
        "description": meaning,
        "required": ["id", "type", "at", *sorted(always)],
        "properties": properties,
        "additionalProperties": False,
    }
    if len(needed) > 1:
        schema["anyOf"] = [{"required": sorted(one - always)} for one in needed]
    return schema


def components() -> dict[str, Any]:
    """All schemas by name: ``Event`` is one of the others."""
    names = {kind: f"Event_{kind}" for kind in Type}
    refs = {str(kind): f"#/components/schemas/{name}" for kind, name in names.items()}
    one = {
        "title": "业务事件",
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
    return {"Event": one, **{name: event(kind) for kind, name in names.items()}}


def request_body(most: int) -> dict[str, Any]:
    """The OpenAPI part of the route: one event, or an array of at most ``most``."""
    one = {"$ref": "#/components/schemas/Event"}
    examples = {
        str(kind): {
            "summary": WORDS[kind][0],
            "value": {"id": f"q-{number}", "type": str(kind), "at": "2026-11-23T09:01:00+08:00", **WORDS[kind][2]},
        }
        for number, kind in enumerate(Type, 1)
        if kind in WORDS
    }
    several = {"type": "array", "items": one, "maxItems": most, "title": "多条事件"}
    content = {"schema": {"anyOf": [one, several]}, "examples": examples}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
