"""The OpenAPI document of the business API, as it is committed in docs/openapi/gateway.json.

``python -m gateway.web.openapi`` writes it anew; a test compares.
"""

import sys
from typing import Any

from fastapi import FastAPI

from gateway.web import event_schema
from gateway.web.document import committed, draw, write
from gateway.web.models import Notice, ProblemDocument

COMMITTED = committed("gateway")

_TITLE = "好差评网关业务接口"
_VERSION = "1"
_DESCRIPTION = """\
供排队叫号系统、一窗式受理系统把窗口的办理情况告知大厅网关，使每条评价关联到当时所办的办件与工作人员。

- 只收业务事件，不收评价：评价只能由评价器签名产生，任何接口都不能新增、更改或查看评价等级。
- 每个业务系统一把密钥（systems.toml），以 `Authorization: Bearer` 提交，可限定权限（scope）与窗口。
- 错误一律为 RFC 9457 问题说明（application/problem+json），`code` 固定，`action` 说明怎样处理。
- 时间为 RFC 3339，须带时区，例如 2026-11-23T09:00:00+08:00。

接入步骤与可运行的示例见 docs/integration-queue.md。"""


_STREAM = """\
id: 17
event: rated
data: {"id": 17, "type": "rated", "at": "2026-11-23T09:12:00.000Z", "window": "A01", "case_no": "LC-2026-1", "service_no": 1}

"""  # noqa: E501 - one line of the stream
_WEBHOOK: dict[str, Any] = {
    "tags": ["评价通知"],
    "summary": "评价通知（推送）",
    "description": "网关向 systems.toml 中该系统的 webhook 地址推送，内容与 /api/v1/feed 相同。"
    "按 Standard Webhooks 1.0.0 签名："
    "webhook-signature 为 v1, 加上对 `webhook-id.webhook-timestamp.正文` 的 HMAC-SHA-256（base64）。"
    "答复 2xx 即为收妥，否则稍后重发；重发时可能附带新的通知，请按 events 中的 id 去重。",
    "parameters": [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "events"],
                    "properties": {
                        "type": {"const": "feed"},
                        "events": {
                            "type": "array",
                            "maxItems": 101,
                            "items": {
                                "anyOf": [
                                    {"$ref": "#/components/schemas/Notice"},
                                    {
                                        "type": "object",
                                        "properties": {"type": {"const": "gap"}},
                                        "description": "其间的通知已不再保留，请自行核对。",
                                    },
                                ]
                            },
                        },
                    },
                }
            }
        },
    },
    "responses": {"2XX": {"description": "已收妥"}},
}


def described(app: FastAPI) -> FastAPI:
    """Give the application its document: title, text, problem type, and only the answers that it really gives."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    schemas = event_schema.components()
    schemas["Notice"] = Notice.model_json_schema()
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    found = draw(app.routes, _TITLE, _VERSION, _DESCRIPTION, schemas)
    stream = {"schema": {"$ref": "#/components/schemas/Notice"}, "example": _STREAM}
    found["paths"]["/api/v1/feed"]["get"]["responses"]["200"]["content"] = {"text/event-stream": stream}
    found["webhooks"] = {"feed": {"post": _WEBHOOK}}
    return found


def document() -> dict[str, Any]:
    """The document of the routes, without anything running behind them."""
    from gateway.web.app import ROUTERS

    app = described(FastAPI())
    for router in ROUTERS:
        app.include_router(router)
    return app.openapi()


def main() -> int:
    write(document(), COMMITTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
