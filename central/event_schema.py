"""The OpenAPI schema of what halls send, drawn from the models that read it (``central.core.events``).

Here are only the words for people; a test says where they are missing.
"""

from typing import Any

from central.core.events import MAX_ID, TYPES
from gateway.web.document import COMPONENTS

_AT = "2026-09-30T01:02:03.456Z"
_SERVICE = {"case_no": "LC-2026-1", "service_no": 1}
_BINDING = {"device": "a01", "seq": 17, "number": 2, "status": "bound", **_SERVICE, "staff": "1001", "window": "A01",
            "rule": "interval", "error_ms": 50, "candidates": [], "decided_at": _AT}  # fmt: skip

#: type -> (name, what it means, the id and data of an example)
WORDS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "cn.hcp.device.enrolled.v1": (
        "评价器登记",
        "评价器取得大厅签发的证书。id：device/评价器/证书的 SHA-256 前 16 位。",
        "device/a01/0f1e2d3c4b5a6978",
        {"device": "a01", "hall": "lucheng", "window": "A01", "certificate": "-----BEGIN CERTIFICATE-----\n..."},
    ),
    "cn.hcp.case.v1": (
        "办件",
        "办件的一个版本，以 revision 最大的为准。id：case/办件编号/版本。",
        "case/LC-2026-1/1",
        {"case_no": "LC-2026-1", "revision": 1, "item_code": "0101", "item_name": "身份证换领", "status": "accepted",
         "accepted_at": _AT},
    ),
    "cn.hcp.service.v1": (
        "服务",
        "某办件的一次服务，一次服务评价一次。id：service/办件编号/服务次数/版本。",
        "service/LC-2026-1/1/1",
        {**_SERVICE, "revision": 1, "window": "A01", "staff": "1001", "called_at": _AT, "status": "called",
         "applicant_kind": "self"},
    ),
    "cn.hcp.record.v1": (
        "签名记录",
        "评价器签名的一条记录，原样上传；评价记录附关联决定。id：record/评价器/序号/散列的前 16 位。",
        "record/a01/17/0f1e2d3c4b5a6978",
        {"record": "0oRDoQEm", "received_at": _AT, "binding": None},
    ),
    "cn.hcp.binding.v1": (
        "关联决定",
        "评价属于哪次服务的又一次决定，以 number 最大的为准。id：binding/评价器/序号/第几次。",
        "binding/a01/17/2",
        _BINDING,
    ),
    "cn.hcp.incident.v1": (
        "异常",
        "网关发现的异常。id：incident/编号。",
        "incident/1",
        {"code": "bad_signature", "device": "a01", "seq": 18, "at": _AT, "detail": "签名不符"},
    ),
    "cn.hcp.identity.v1": (
        "封存的身份",
        "差评时回访谁：以中心公钥加封，中心按理由打开；或业务系统自行加封（opaque）。id：identity/办件编号/服务次数/版本。",
        "identity/LC-2026-1/1/1",
        {**_SERVICE, "revision": 1, "has_phone": False, "opaque": "eyJhbGciOiJSU0EtT0FFUC0yNTYifQ"},
    ),
}  # fmt: skip

#: Of what stands inside an event.
INNER = {"Candidate": "可能所属的一次服务。"}
FIELDS = {
    "device": "评价器编号。",
    "hall": "大厅编号。",
    "window": "窗口编号。",
    "certificate": "评价器的证书（PEM）。",
    "case_no": "办件编号。",
    "revision": "版本，从 1 起。",
    "item_code": "事项编码。",
    "item_name": "事项名称。",
    "status": "状态。",
    "accepted_at": "受理时间。",
    "finished_at": "办结时间。",
    "service_no": "服务次数，从 1 起。",
    "staff": "工作人员工号。",
    "called_at": "叫号时间。",
    "served_at": "请评价的时间。",
    "closed_at": "服务离开窗口的时间。",
    "applicant_kind": "self 申请人本人；agent 代办人。",
    "has_phone": "封存内容中有无电话。",
    "key": "所用中心公钥的编号。",
    "sealed": "以 HPKE 加封的内容（base64），见 SPEC.md 9.6。",
    "opaque": "业务系统自行加封的内容，中心不能打开。",
    "seq": "记录的序号。",
    "number": "第几次决定，从 1 起。",
    "rule": "决定所依据的规则。",
    "error_ms": "时间误差，毫秒。",
    "candidates": "可能所属的服务。",
    "decided_at": "决定时间。",
    "evidence": "决定的依据，见 SPEC.md 9.2。",
    "record": "COSE 字节（base64）。",
    "received_at": "网关收到的时间。",
    "binding": "关联决定，与 cn.hcp.binding.v1 的 data 相同；不是评价则为 null。",
    "code": "原因代码。",
    "at": "发生时间。",
    "detail": "说明。",
    "body": "所涉及的字节（base64）。",
}


def components() -> dict[str, Any]:
    """All schemas by name: ``Event`` is one of the others."""
    found: dict[str, Any] = {}
    for kind, model in TYPES.items():
        name, meaning, *_ = WORDS.get(kind, (kind, "", "", {}))
        data = model.model_json_schema(ref_template=COMPONENTS)
        for inner in data.pop("$defs", {}).values():
            found.setdefault(inner["title"], {**_told(inner), "description": INNER.get(inner["title"], "")})
        found[f"Event_{model.__name__}"] = {
            "type": "object",
            "title": name,
            "description": meaning,
            "required": ["specversion", "id", "source", "type", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_ID,
                    "description": "大厅内不重复，不再改变。",
                },
                "source": {"type": "string", "pattern": "^/hall/[a-z0-9-]{1,20}$", "description": "/hall/大厅编号。"},
                "type": {"const": kind},
                "time": {"type": "string", "format": "date-time"},
                "data": _told(data),
            },
        }
    refs = {kind: f"#/components/schemas/Event_{model.__name__}" for kind, model in TYPES.items()}
    one = {
        "title": "CloudEvents 1.0 事件",
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
    return {"Event": one, **found}


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """With words that are for people, and without those that are for us."""
    schema.pop("description", None)
    for name, field in schema.get("properties", {}).items():
        field["description"] = FIELDS.get(name, "")
    return schema


def request_body(media_type: str, most: int) -> dict[str, Any]:
    """The OpenAPI part of the route: an array of at most ``most``."""
    examples = {
        kind: {
            "summary": name,
            "value": [
                {"specversion": "1.0", "id": id, "source": "/hall/lucheng", "type": kind, "time": _AT, "data": data}
            ],
        }
        for kind, (name, _, id, data) in WORDS.items()
    }
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Event"}, "maxItems": most, "title": "一批事件"}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema, "examples": examples}}}}
