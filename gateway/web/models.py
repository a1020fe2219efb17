"""What the business API answers and takes, typed, so that the OpenAPI document is worth reading."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """What is taken. Strict, and closed: a field that is not listed is a mistake of whoever sent it."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """What is answered: these fields and no others, so that nothing leaves by accident."""

    model_config = ConfigDict(extra="ignore")


class Open(BaseModel):
    """An answer that may hold more than is listed: a reader ignores what it does not know."""

    model_config = ConfigDict(extra="allow")


class Result(Answer):
    """对一条事件的答复。"""

    id: str = Field(description="所提交事件的 id；读不出时为空文本。", examples=["q-20261123-000017"])
    status: Literal["accepted", "duplicate", "conflict", "rejected"] = Field(
        description="accepted 已接收；duplicate 此前已接收，无须处理；conflict 同一 id 已有不同内容，以先到者为准；"
        "rejected 未接收，改正后可用原 id 重发。"
    )
    code: str = Field(description="固定的原因代码，供程序判断。", examples=["accepted", "unknown_window"])
    detail: str = Field(description="给人看的说明。", examples=["窗口 A09 未登记; 请先 PUT /api/v1/windows/A09"])


class Results(Answer):
    """与提交的事件一一对应，次序相同。"""

    results: list[Result]


class WindowIn(Model):
    """窗口登记内容；正文可为空对象。"""

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="显示用名称；不填则保留原名。", examples=["社保综合窗口"]
    )
    open: bool = Field(default=True, description="false：窗口停用，此后按下的评价不再关联到该窗口。")


class WindowPut(Answer):
    """登记结果。"""

    window: str
    changed: bool = Field(description="false：与原登记相同，未作更改。")


class WindowDevice(Answer):
    """窗口上的评价器。"""

    device: str
    online: bool


class Current(Answer):
    """窗口正在办理的服务。"""

    case_no: str
    service_no: int
    staff: str | None
    state: Literal["called", "served"] = Field(description="called 办理中；served 已请评价人评价。")


class Window(Open):
    """一个窗口。不含任何评价内容。"""

    window: str
    name: str
    open: bool
    devices: list[WindowDevice]
    service: Current | None


class Windows(Answer):
    """密钥所及的全部窗口。"""

    windows: list[Window]


class Device(Open):
    """一台评价器：记录链的位置与设备状况。不含等级。"""

    device: str
    window: str
    head: int = Field(description="网关已存的最后一条连续记录的序号。")
    missing: list[list[int]] = Field(description="尚未收到的序号区间 [首, 末]。")
    lost: list[list[int]] = Field(description="评价器声明已丢失的序号区间 [首, 末]。")
    refused: dict[str, int] = Field(description="被拒绝的报文数，按原因。")


class Devices(Answer):
    """大厅的评价器。"""

    devices: list[Device]


class CommandIn(Model):
    """一条命令。"""

    name: Literal["identify", "selftest", "reboot", "log_level", "update", "rotate_key"]
    args: dict[str, int | str] = Field(
        default={},
        description="selftest 可指定 level 1 至 5；log_level 须指定 level；update 须指定 release，即清单的 SHA-256。",
    )


class Command(Open):
    """一条命令及其进展。"""

    id: int
    device: str
    name: str
    state: Literal["queued", "sent", "done", "failed", "expired", "replaced"]
    text: str = Field(description="评价器的答复原文。")
    sentence: str = Field(description="说明进展的一句话。")
    asked_by: str = Field(description="下发的系统。")
    created_ms: int
    deadline_ms: int
    sends: int = Field(description="已发送的次数。")
    heard_ms: int | None
    ended_ms: int | None
    progress: dict[str, int] | None = Field(description="升级时已取走与全部的字节数。")


class Commands(Answer):
    """一台评价器的命令。"""

    commands: list[Command]


class Status(Open):
    """网关的存储与上传状况。"""

    outbox: dict[str, int] = Field(description="待上传、已上传、中心不接收的事件数。")
    dead_letters: list[dict] = Field(description="中心不接收的事件及其答复，最新的在前。")
    refused: dict[str, int] = Field(description="大厅被拒绝的报文数，按原因。")


class Alive(Answer):
    """进程在运行。"""

    alive: bool


class Ready(Answer):
    """可以接收业务事件与评价。"""

    ready: bool
    checks: dict[str, bool]


class Notice(Open):
    """推送的一条通知：某次服务有了评价。不含等级、理由与按下的确切时刻；各等级的通知完全相同。"""

    id: int = Field(description="只增不减；断线后放入 Last-Event-ID 续接。")
    type: Literal["rated", "unrated"] = Field(
        description="rated 该服务已有评价；unrated 更正后该服务不再有评价（评价属于另一次服务，或暂未关联）。"
    )
    at: str = Field(description="告知时间，整分钟；按首次按键推算，与等级无关。", examples=["2026-11-23T09:12:00.000Z"])
    window: str
    case_no: str
    service_no: int


class BadCell(Answer):
    """导入文件中的一处错误。不重复申请人信息。"""

    line: int = Field(description="文件中的行号，表头为第 1 行。")
    column: str = Field(description="表头中的列名；整行有误时为空。")
    code: str
    expected: str = Field(description="应当是什么。")
    got: str | None = Field(description="实际内容的开头；申请人信息不显示。")


class Import(Answer):
    """导入结果。"""

    dry_run: bool = Field(description="true：仅检查，未写入。")
    encoding: str = Field(description="识别出的文件编码。")
    rows: int = Field(description="数据行数。")
    accepted: int
    duplicate: int
    bad: list[BadCell] = Field(description="每一处错误；为空即全部行可用。")
    ignored_columns: list[str] = Field(description="不认识而未使用的列。")


class ProblemDocument(Open):
    """RFC 9457 错误说明。"""

    type: str = Field(examples=["urn:hcp:problem:unauthorized"])
    title: str
    status: int
    code: str
    action: str = Field(description="怎样处理。")
    detail: str | None = None
