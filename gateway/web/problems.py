"""HTTP errors as RFC 9457 problem documents that say, in Chinese first, what is wrong and what to do."""

from typing import Any

from fastapi.responses import JSONResponse

#: code -> (HTTP status, title, what to do)
PROBLEMS: dict[str, tuple[int, str, str]] = {
    "bad_json": (400, "请求正文不是有效的 JSON", "请以 UTF-8 发送一个 JSON 对象或数组 (send one JSON object or array)"),
    "bad_request": (400, "请求无效", "请对照接口说明检查参数 (check the parameters)"),
    "unauthorized": (401, "缺少密钥或密钥无效", "请在 Authorization 中以 Bearer 方式提供 systems.toml 登记的密钥"),
    "forbidden": (403, "该系统无此权限", "请管理员在 systems.toml 中为该系统增加所需 scope"),
    "not_found": (404, "没有这个地址", "请检查路径; 业务事件提交至 /api/v1/events"),
    "method_not_allowed": (405, "此地址不支持该方法", "请检查 HTTP 方法"),
    "too_large": (413, "请求正文超过 1 MiB", "请分批提交 (send fewer events at a time)"),
    "too_many": (413, "一次提交的事件超过 1000 条", "请分批提交 (send fewer events at a time)"),
    "unsupported": (415, "正文类型应为 application/json", "请设置 Content-Type: application/json"),
    "bad_window": (422, "窗口登记内容无效", "窗口编号为 1 至 20 位字母、数字或 -; 正文为 {name, open}"),
    "bad_command": (422, "命令无效", "请对照 hcp device -h 或接口说明检查命令名与参数"),
    "unknown_device": (404, "没有这台评价器, 或已吊销", "请用 hcp device list 核对评价器编号"),
    "unknown_release": (422, "网关上没有这套固件, 或不完整", "请先用 hcp firmware publish 发布到本网关"),
    "not_stored": (503, "暂时无法存储", "数据未保存, 请稍后用相同 id 重发; 并检查网关磁盘"),
    "not_ready": (503, "网关未就绪", "请稍候; 详情见 checks"),
    "internal": (500, "网关内部错误", "请用相同 id 重发; 如持续出现请联系维护人员并提供日志"),
}


class Problem(Exception):
    """An answer that is an error; ``code`` is a key of ``PROBLEMS``."""

    def __init__(self, code: str, detail: str = "", **extra: Any):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.extra = extra


def response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    status, title, action = PROBLEMS[problem.code]
    body = {
        "type": f"urn:hcp:problem:{problem.code}",
        "title": title,
        "status": status,
        "code": problem.code,
        "action": action,
        **({"detail": problem.detail} if problem.detail else {}),
        **problem.extra,
    }
    headers = dict(headers or {})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = "2"
    return JSONResponse(body, status, headers, media_type="application/problem+json")
