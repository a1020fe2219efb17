"""The OpenAPI document of central's interface, as it is committed in docs/openapi/central.json.

``python -m central.openapi`` writes it anew; a test compares, and Schemathesis asks the application whether it keeps
to it. Pages are not in it.
"""

import copy
import sys
from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel

from central import event_schema
from central.answers import ForbiddenProblem, ProblemDocument, RuleProblem
from central.body import MEDIA_TYPE
from central.core.handling import ACTION_TITLES, STATE_TITLES
from central.core.parties import TITLES as PARTY_TITLES
from central.core.roles import ROLE_TITLES, SCOPE_TITLES
from central.problem import TITLES, Problem
from gateway.web.document import COMPONENTS, committed, draw, operations, write

COMMITTED = committed("central")

_TITLE = "好差评中心接口"
_VERSION = "1"
_DESCRIPTION = """\
大厅网关上传事件、读取更正；处置员、复核员、监督员等办理差评、查看统计；审计核对每一条签名记录。

- 评价来自评价器的签名、本系统签发的一次有效的凭证、两人核对的书面表格，或由运维导入；来源由出示的凭据得出，
  请求中不能自称。这里没有更改或删除评价的接口。
- 错误一律为 RFC 9457 问题说明（application/problem+json），`type` 固定，`detail` 说明怎样处理；
  规定不允许的办理另有 `code` 与所依据的条款 `article`。
- 看不到的差评与不存在的差评，答复完全相同。
- 时间为 RFC 3339，UTC，精确到毫秒。除大厅上传的答复外，任何答复都不得缓存（Cache-Control: no-store）。
- 请求体先验明身份再读取，限定大小，不接受压缩。"""

Who = list[dict[str, list[str]]]
#: Who may ask, as the document says it. One entry of a list is enough; all that stands in one entry is needed.
HALL: Who = [{"hall": []}, {"gateway": []}]
OPERATOR: Who = [{"operator": []}]
AUDITOR: Who = [{"auditor": []}, {"session": []}, {"cookie": []}]
READER: Who = [{"session": []}, {"cookie": []}]
WRITER: Who = [{"session": []}, {"cookie": [], "csrf": []}]
ANYBODY: Who = []

_SCHEMES: dict[str, Any] = {
    "hall": {"type": "http", "scheme": "bearer", "description": "大厅的密钥（halls.toml 的 key）。"},
    "gateway": {"type": "mutualTLS", "description": "大厅签发给网关的证书，CN 为 gateway（SPEC.md 9.5）。"},
    "operator": {"type": "http", "scheme": "bearer", "description": "运维密钥（HCP_CENTRAL_OPERATOR_KEY）。"},
    "auditor": {"type": "http", "scheme": "bearer", "description": "审计密钥（HCP_CENTRAL_AUDITOR_KEY）。"},
    "session": {"type": "http", "scheme": "bearer", "description": "POST /api/v1/sessions 所得的 token。"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-hcp-session",
        "description": "在 /login 登录所得；没有 TLS 的试用环境名为 hcp-session。",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "以 Cookie 登录时更改类请求须有，由 GET /api/v1/me 的 csrf 得知。",
    },
}

#: What the words of an answer mean, by the name of the schema.
MEANINGS: dict[str, Mapping[Any, str]] = {
    "State": STATE_TITLES,
    "Action": ACTION_TITLES,
    "Party": PARTY_TITLES,
    "Role": ROLE_TITLES,
    "Scope": SCOPE_TITLES,
    "Result": {
        "accepted": "已接收",
        "duplicate": "此前已接收，无须处理",
        "conflict": "同一 id 已有不同内容，以先到者为准",
        "rejected": "不能接收，不必重发",
        "retry": "暂不能接收，稍后重发",
    },
    "Outcome": {
        "no_answer": "无人接听",
        "hung_up": "挂断",
        "unwilling": "接通但不愿说明",
        "wrong_number": "号码有误",
    },
    "Kind": {
        "policy": "规定的名称与提示",
        "indicators": "评价指标",
        "not_adopted": "不予采纳",
        "adopted": "恢复采纳",
    },
    "Part": {"name": "姓名", "phone": "电话"},
    "Level": {
        "very_satisfied": "非常满意",
        "satisfied": "满意",
        "fairly_satisfied": "基本满意",
        "dissatisfied": "不满意",
        "very_dissatisfied": "非常不满意",
    },
    "Status": {
        "counted": "计入",
        "unbound": "未关联到服务",
        "ambiguous": "可能属于几次服务",
        "waiting_service": "所属服务尚未上传",
        "already_rated": "该次服务已有评价",
        "superseded": "默认评价已被评价人的评价取代",
    },
    "Origin": {
        "citizen_device": "评价器签名",
        "citizen_qr": "二维码",
        "citizen_sms": "短信",
        "paper": "纸质",
        "import": "其他系统导入",
        "default": "默认评价",
        "selftest": "自检",
    },
    "Channel": {
        "pc": "电脑端",
        "mobile": "移动端",
        "qr": "二维码",
        "hall_tablet": "窗口评价器",
        "hall_terminal": "大厅自助终端",
        "phone": "电话",
        "sms": "短信",
        "paper": "纸质",
        "none": "无（默认评价）",
    },
    "Binding": {"bound": "已关联", "unbound": "未关联", "ambiguous": "可能属于几次服务"},
}


def _link(path: str, method: str, why: str, **given: str) -> dict[str, Any]:
    place = path.replace("/", "~1")
    return {"operationRef": f"#/paths/{place}/{method}", "parameters": given, "description": why}


_LIST, _FILE = "/api/v1/handlings", "/api/v1/handlings/{number}"
#: How one thing leads to the next.
_LINKS = {
    (_LIST, "get", "200"): {
        "file": _link(_FILE, "get", "列表中的一件。", number="$response.body#/handlings/0/number"),
        "next": _link(_LIST, "get", "下一页。", after="$response.body#/next"),
    },
    (_FILE, "get", "200"): {
        "deed": _link(f"{_FILE}/deeds", "post", "现在可以作的办理见 actions。", number="$response.body#/number"),
        "identity": _link(f"{_FILE}/identity", "get", "联系方式的查看情况。", number="$response.body#/number"),
    },
    (f"{_FILE}/deeds", "post", "201"): {
        "file": _link(_FILE, "get", "办理之后的案卷。", number="$response.body#/handling"),
    },
    (f"{_FILE}/consents", "post", "201"): {
        "withdraw": _link(
            f"{_FILE}/consents/{{consent}}",
            "delete",
            "撤回。",
            number="$request.path.number",
            consent="$response.body#/consent",
        ),
    },
}
_NEEDS_KEY = ("401 unauthorized",)
_NEEDS_SESSION = ("401 unauthorized", "403 forbidden")
_BODY = ("400 bad-json", "413 too-large", "415 unsupported-media-type", "422 bad-parameter")
#: Whatever is asked, the database may be away, or hold no value of that kind.
_ALWAYS = ("503 storage",)
_ADVICE = {
    "bad-json": "应为 UTF-8 编码的 JSON。Expected JSON in UTF-8, without NaN, not nested too deep.",
    "bad-parameter": "请修改后重试。Correct and send again: limit: Input should be less than or equal to 1000",
    "forbidden": "您没有以该身份办理此件的权限。You do not hold this role for this case.",
    "not-found": "没有这一件，或不在您的查看范围内。No such case within your reach.",
    "refused": "账号或密码不正确。The account or the password is wrong.",
    "refused-by-rule": "申诉期限已于 2026-10-13 届满，逾期未申诉的视为差评",
    "storage": "本次未保存任何数据，请稍后原样重发。Nothing of this request was kept; send it again later as it is.",
    "too-large": "请求体不超过 65536 字节。Send at most 65536 bytes, in parts if need be.",
    "too-many-events": "每批不超过 500 条，请拆分后重发。Split the batch: at most 500 events, got 501.",
    "unauthorized": "请先登录。Sign in first.",
    "unsupported-media-type": "请使用 Content-Type: application/json。Send it as application/json.",
}
_RULE = {"code": "too_late", "article": "温州市政务服务“好差评”管理办法第十条"}
#: The kinds of problems that have members of their own.
_MODELS: dict[str, type[ProblemDocument]] = {"refused-by-rule": RuleProblem, "forbidden": ForbiddenProblem}
_HEADERS = {
    "401": {"WWW-Authenticate": "须出示哪种凭证。"},
    "503": {"Retry-After": "多少秒后再试。"},
}


def told(
    summary: str,
    who: Who,
    *problems: str,
    gives: Any = None,
    body: dict[str, Any] | None = None,
    also: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What the decorator of a route says about it; what it does is in the docstring.

    ``problems``: what it may answer besides what everybody who asks this way, or names a parameter, or brings a body
    may meet; each as "409 refused-by-rule".
    ``gives``: the model of a good answer. ``body``: of `takes`, or the like. ``also``: other answers.
    """
    usual = _NEEDS_SESSION if who in (READER, WRITER, AUDITOR) else _NEEDS_KEY if who else ()
    return {
        "summary": summary,
        "response_model": gives,
        "responses": {**(also or {}), **answers(*usual, *(_BODY if body else ()), *problems, *_ALWAYS)},
        "openapi_extra": {"security": who, **(body or {})},
    }


def takes(model: type[BaseModel], **examples: object) -> dict[str, Any]:
    """The part about the JSON body of a route that reads it itself, so that the key is judged before the body."""
    schema = {**model.model_json_schema(ref_template=COMPONENTS), "title": model.__name__}
    schema["description"] = (model.__doc__ or "").strip()
    named = {name: {"value": value} for name, value in examples.items()}
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema, "examples": named}}}}


def answers(*problems: str, known: Mapping[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """One answer for each status, with an example for each kind of problem; ``known``: what they are added to."""
    found: dict[Any, dict[str, Any]] = copy.deepcopy(dict(known or {}))
    for status, slug in sorted({tuple(each.split()) for each in problems}):
        title = TITLES[slug].partition(" · ")[0]
        answer = found.setdefault(status, {"description": title, "content": {"application/problem+json": {}}})
        if title not in answer["description"]:
            answer["description"] += "；" + title
        if status in _HEADERS:
            answer["headers"] = {
                name: {"description": why, "required": True, "schema": {"type": "string"}}
                for name, why in _HEADERS[status].items()
            }
        content = answer["content"]["application/problem+json"]
        model = _MODELS.get(slug, ProblemDocument)
        content["schema"] = _either(content.get("schema"), {"$ref": f"#/components/schemas/{model.__name__}"})
        example = Problem(int(status), slug, _ADVICE[slug], more=_RULE if model is RuleProblem else {})
        content.setdefault("examples", {})[slug] = {"value": example.document()}
    return dict(sorted(found.items()))


def _either(known: dict[str, Any] | None, schema: dict[str, Any]) -> dict[str, Any]:
    if known is None or known == schema:
        return schema
    others: list[dict[str, Any]] = known.get("anyOf", [known])
    return {"anyOf": others if schema in others else [*others, schema]}


def document() -> dict[str, Any]:
    """The document of the routes, without anything running behind them."""
    from central.app import ROUTERS

    routes = [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and is_interface(route.path)
    ]
    schemas = {**event_schema.components(), **_problems()}
    found = draw(routes, _TITLE, _VERSION, _DESCRIPTION, schemas)
    found["components"]["securitySchemes"] = _SCHEMES
    for operation in operations(found):
        if "parameters" in operation:
            operation["responses"] = answers("422 bad-parameter", known=operation["responses"])
    for (path, method, status), links in _LINKS.items():
        found["paths"][path][method]["responses"][status]["links"] = links
    for name, schema in found["components"]["schemas"].items():
        if "enum" in schema:
            schema["description"] = "；".join(
                f"{word} {MEANINGS.get(name, {}).get(word, '')}" for word in schema["enum"]
            )
    return found


def is_interface(path: str) -> bool:
    """Whether a path is for programs. The others are pages."""
    return path.startswith("/api/") or path == "/healthz"


def _problems() -> dict[str, Any]:
    kinds: dict[type[ProblemDocument], list[str]] = {}
    for slug in TITLES:
        kinds.setdefault(_MODELS.get(slug, ProblemDocument), []).append(f"urn:hcp:problem:{slug}")
    found = {model.__name__: model.model_json_schema() for model in kinds}
    for model, slugs in kinds.items():
        found[model.__name__]["properties"]["type"]["enum"] = slugs
    return found


def main() -> int:
    write(document(), COMMITTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
