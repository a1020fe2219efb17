"""HTTP errors as RFC 9457 problem documents that say, in Chinese first, what is wrong and what to do."""

from typing import Any

from fastapi.responses import JSONResponse

CONTENT_TYPE = "application/problem+json"

#: code -> (HTTP status, title, what to do)
PROBLEMS: dict[str, tuple[int, str, str]] = {
    "bad_json": (400, "请求正文不是有效的 JSON", "请以 UTF-8 发送一个 JSON 对象或数组 (send one JSON object or array)"),
    "bad_request": (400, "请求无效", "请对照接口说明检查参数 (check the parameters)"),
    "unauthorized": (401, "缺少密钥或密钥无效", "请在 Authorization 中以 Bearer 方式提供 systems.toml 登记的密钥"),
    "forbidden": (403, "该系统无此权限", "请管理员在 systems.toml 中为该系统增加所需 scope"),
    "forbidden_window": (403, "该窗口不在此密钥的范围内", "请管理员在 systems.toml 中更改该系统的 windows"),
    "not_found": (404, "没有这个地址", "请检查路径; 业务事件提交至 /api/v1/events"),
    "method_not_allowed": (405, "此地址不支持该方法", "请检查 HTTP 方法"),
    "too_large": (413, "请求正文过大", "JSON 至多 1 MiB, 表格至多 4 MiB; 请分批提交 (send less at a time)"),
    "too_many": (413, "一次提交的事件超过 1000 条", "请分批提交 (send fewer events at a time)"),
    "unsupported": (415, "正文类型应为 application/json", "请设置 Content-Type: application/json"),
    "bad_window": (422, "窗口登记内容无效", "窗口编号为 1 至 20 位字母、数字或 -; 正文为 {name, open}"),
    "bad_command": (422, "命令无效", "请对照 hcp device -h 或接口说明检查命令名与参数"),
    "unknown_device": (404, "没有这台评价器, 或已吊销", "请用 hcp device list 核对评价器编号"),
    "unknown_release": (422, "网关上没有这套固件, 或不完整", "请先用 hcp firmware publish 发布到本网关"),
    "bad_table": (
        422,
        "文件不是可导入的表格",
        "请用 UTF-8 或 GB18030 编码的 CSV, 首行为列名; 见 docs/integration-queue.md",
    ),
    "too_fast": (429, "请求过于频繁", "请按 Retry-After 稍候再发, 并合并为数组提交 (send several events at a time)"),
    "too_many_streams": (429, "同时接收评价通知的连接过多", "请关闭多余的连接, 稍候再试"),
    "not_stored": (503, "暂时无法存储", "数据未保存, 请稍后用相同 id 重发; 并检查网关磁盘"),
    "not_ready": (503, "网关未就绪", "请稍候; 详情见 checks"),
    "internal": (500, "网关内部错误", "请用相同 id 重发; 如持续出现请联系维护人员并提供日志"),
}


class Problem(Exception):
    """An answer that is an error; ``code`` is a key of ``PROBLEMS``, ``wait_s`` what Retry-After says if it comes."""

    def __init__(self, code: str, detail: str = "", wait_s: int = 2, **extra: Any):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.wait_s = wait_s
        self.extra = extra


def answers(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI part about these problems: one answer for each status, with an example for each code."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in sorted(codes, key=lambda code: PROBLEMS[code][0]):
        status, title, _ = PROBLEMS[code]
        known = found.setdefault(status, {"description": title, "content": {CONTENT_TYPE: {"examples": {}}}})
        if title not in known["description"]:
            known["description"] += "；" + title
        content = known["content"][CONTENT_TYPE]
        content["schema"] = {"$ref": "#/components/schemas/ProblemDocument"}
        content["examples"][code] = {"value": document(Problem(code))}
    return found


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """``answers`` for a route that needs a key."""
    return answers("unauthorized", "forbidden", "too_fast", *codes)


def document(problem: Problem) -> dict[str, Any]:
    """The body of the answer."""
    status, title, action = PROBLEMS[problem.code]
    return {
        "type": f"urn:hcp:problem:{problem.code}",
        "title": title,
        "status": status,
        "code": problem.code,
        "action": action,
        **({"detail": problem.detail} if problem.detail else {}),
        **problem.extra,
    }


def response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    status = PROBLEMS[problem.code][0]
    headers = dict(headers or {})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers.setdefault("Retry-After", str(problem.wait_s))
    return JSONResponse(document(problem), status, headers, media_type=CONTENT_TYPE)
