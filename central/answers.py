"""What central's interface answers, typed, so that the OpenAPI document is worth reading. Tests hold the routes to it:
a field that is not listed here leaves nowhere."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from central.core.consent import Part
from central.core.corrections import Kind
from central.core.handling import Action, State
from central.core.ingest import Result
from central.core.parties import Party
from central.core.rating import Channel, Level, Origin, Status
from central.core.roles import Role, Scope

Count = Annotated[int, Field(ge=0)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-09-30T07:00:00.000Z"])]
Moment = Annotated[Time | None, Field(description="尚未发生则为 null。")]
#: The first and the last seq.
Range = Annotated[list[int], Field(min_length=2, max_length=2, description="[首, 末]")]


class Answer(BaseModel):
    """A reader ignores what it does not know."""

    model_config = ConfigDict(extra="ignore")


class ProblemDocument(Answer):
    """RFC 9457 错误说明。"""

    type: str = Field(description="固定的代码，供程序判断：urn:hcp:problem: 之后为种类。")
    title: str = Field(description="种类的名称，中文 · 英文。")
    status: int
    detail: str = Field(description="哪里不对、怎样处理，中文在前。")


class RuleProblem(ProblemDocument):
    """规定不允许的办理：detail 为给办理人看的一句话。"""

    code: str = Field(description="不允许的原因，固定的代码。", examples=["too_late"])
    article: str = Field(description="所依据的条款。", examples=["温州市政务服务“好差评”管理办法第十二条"])


class ForbiddenProblem(ProblemDocument):
    """无权办理：由规定（如回避）而来的，另有其代码与条款。"""

    code: str = Field(default="", description="不允许的原因，固定的代码。", examples=["conflict"])
    article: str = Field(default="", description="所依据的条款。", examples=["回避规则（WZ 第五条、MOT 第五条）"])


# --- halls ---


class EventResult(Answer):
    """对一条事件的答复。"""

    id: str = Field(description="所提交事件的 id；读不出时为空文本。", examples=["case/LC-2026-1/1"])
    status: Result
    code: str = Field(description="固定的原因代码（SPEC.md 第 10 节）；没有问题时为空文本。")
    detail: str = Field(description="给人看的说明。")


class EventResults(Answer):
    """与提交的事件一一对应，次序相同。"""

    results: list[EventResult]
    corrections: int = Field(default=0, description="本大厅可以读取的最新一条更正的编号；没有更正时不出现。")


class Correction(Answer):
    """中心下发的一条更正，编号与内容不再改变。"""

    number: int
    kind: str = Field(description=f"{'、'.join(Kind)}；网关不认识的种类原样保留。")
    issued_at: Time
    reason: str
    data: dict[str, Any]


class Corrections(Answer):
    """按编号递增，至多 100 条。"""

    corrections: list[Correction]
    newest: Count = Field(description="本大厅可以读取的最新编号；没有则为 0。")


class Published(Answer):
    """已发布。"""

    number: int


# --- people ---


class Token(Answer):
    """会话凭证。"""

    token: str = Field(description="此后以 Authorization: Bearer 提交。")
    expires_in: int = Field(description="至多有效多少秒；30 分钟没有请求即提前失效。")


class Ended(Answer):
    """会话已结束。"""

    ended: bool


class Grant(Answer):
    """一项角色。"""

    role: Role
    title: str
    scope: Scope
    scope_title: str
    of: str | None = Field(description="地区、机构或大厅的编号；全系统与本人为 null。")


class Me(Answer):
    """登录的人及其角色。"""

    id: str
    name: str
    org: str
    grants: list[Grant]
    csrf: str = Field(description="以 Cookie 登录时，更改类请求放入 X-CSRF-Token。")


# --- the loop ---


class HandlingRow(Answer):
    """一件差评处置。不含等级，也不含评价人。"""

    number: int
    hall: str
    window: str | None
    org: str = Field(description="归属单位。")
    case_no: str | None = Field(description="办件编号。")
    service_no: int | None = Field(description="服务次数。")
    state: State
    state_title: str
    owner: Party | None = Field(description="现在应由谁办理；已办结为 null。")
    due_at: Moment
    due_timer: str | None
    overdue: list[str] = Field(description="已逾期的时限。")
    opened_at: Time
    changed_at: Time
    closed_at: Moment
    adopted: bool = Field(description="false：不予采纳，不计入统计，仍保留。")
    confirmed: str | None = Field(description="怎样认定属实；未认定为 null。")
    revision: int = Field(description="每次办理加一；办理时可注明所见的 revision。")


class HandlingRows(Answer):
    """本人可以查看的，按到期时间。"""

    handlings: list[HandlingRow]
    next: str | None = Field(description="下一页的 after；没有下一页为 null。")


class Limit(Answer):
    """一个时限。"""

    timer: str
    start_at: Time
    due_at: Time
    explained: str = Field(description="怎样算出，逐日说明，并注明条款。")
    provisional: bool = Field(description="true：该年放假安排尚未公布，公布后重新计算。")
    fired_at: Moment
    stopped_at: Moment


class Line(Answer):
    """一次办理。"""

    number: int
    at: Time
    action: Action | Literal["begun", "rebound", "recounted"] = Field(
        description="begun 进入处置；rebound 所属服务有更正；recounted 不再计入或恢复计入。"
    )
    party: Party
    actor: str
    org: str
    before: State | None
    after: State
    words: str
    said: dict[str, Any] = Field(description="办理人填写的内容。")


class Choice(Answer):
    """一种现在可以作的办理。"""

    action: Action
    title: str


class PolicyName(Answer):
    """所适用的规定及其版本。"""

    name: str
    title: str
    version: str


class File(HandlingRow):
    """一件的全部内容。"""

    level: Level | None = Field(default=None, description="只有处置员、复核员看得到。")
    reasons: list[int | str] | None = Field(default=None, description="评价人选的原因代码；查看范围同 level。")
    policy: PolicyName
    class_: str | None = Field(alias="class", description="整改类别；未分类为 null。")
    contact: bool = Field(description="评价人可以联系得上。")
    limits: list[Limit]
    timeline: list[Line]
    actions: dict[Party, list[Choice]] = Field(description="本人以各身份现在可以作的办理。")


class Told(Answer):
    """被评价工作人员申诉所需的内容，看不出是谁评价、评了什么。"""

    number: int
    appealed: bool
    limits: list[Limit]
    grounds: list[str]


class Done(Answer):
    """已办理。"""

    handling: int
    number: int = Field(description="这是该件的第几次办理。")
    state: State
    revision: int
    repeated: bool = Field(description="true：此 Idempotency-Key 先前已办理，本次未再作更改。")


# --- whom to call ---


class Contact(Answer):
    """一个人的联系方式。"""

    name: str | None
    phone: str | None


class Callee(Answer):
    """回访谁。没有的人不出现。"""

    applicant: Contact | None = None
    agent: Contact | None = None


class WhyNot(Answer):
    """为什么不能查看联系方式。"""

    code: str
    detail: str
    article: str


class Asked(Answer):
    """一次查看联系方式的申请。"""

    at: Time
    actor: str
    org: str
    reason: str
    outcome: str


class Consented(Answer):
    """一份当事人同意。"""

    consent: int
    recipient: str
    scope: list[Part]
    given_at: Time
    until: Time
    withdrawn_at: Moment


class Access(Answer):
    """联系方式的查看情况；不含联系方式。"""

    may_reveal: bool
    why_not: WhyNot | None
    asked: list[Asked]
    consents: list[Consented]


class ConsentNumber(Answer):
    """已登记。"""

    consent: int


# --- figures ---


class LoopFigures(Answer):
    """期间内进入处置的差评。只有件数，没有等级。"""

    all: Count
    open: Count
    overdue: Count = Field(description="现已逾期。")
    ever_overdue: Count = Field(description="曾经逾期。")
    real_name: Count = Field(description="实名。")
    called: Count = Field(description="实名中有回访记录的。")
    reached: Count = Field(description="实名中回访到本人的。")
    closed: Count
    told: Count = Field(description="办结中已反馈评价人的。")
    confirmed: Count = Field(description="认定属实。")
    not_adopted: Count = Field(description="不予采纳。")
    call_back_rate: float | None = Field(description="实名差评回访率；没有实名差评为 null。")
    feedback_rate: float | None = Field(description="件件有反馈；没有办结的为 null。")


class Person(Answer):
    """有差评经认定属实的工作人员。"""

    hall: str
    staff: str = Field(description="工号。")
    rolling: Count = Field(description="至今一年内的件数。")
    calendar: Count = Field(description="今年的件数。")
    reached: bool | None = Field(description="是否达到规定的件数；规定没有件数为 null。")


class Suggestion(Answer):
    """复核员的追责建议。"""

    handling: int
    org: str
    at: Time
    by: str
    reason: str


class Accountability(Answer):
    """问责统计。是否追责由有权机关决定。"""

    threshold: int | None = Field(description="规定的件数。")
    window: str | None = Field(description="“一年内”怎样算；规定未写明为 null，两种都列出。")
    people: list[Person]
    suggestions: list[Suggestion]


# --- the auditor ---


class Record(Answer):
    """一条签名记录。"""

    position: int
    device: str
    seq: int
    kind: Literal["rating", "event", "selftest"]
    chain: Literal["linked", "early"] = Field(description="linked 已接入链；early 此前的记录尚未到齐。")
    arrived: Literal["linked", "early"] = Field(description="到达时的情形。")
    hash: str = Field(description="COSE 字节的 SHA-256（十六进制）。")
    record: str = Field(description="COSE 字节，未经改动（base64）。")
    gateway_received_at: Time
    received_at: Time


class Records(Answer):
    """按接收次序。"""

    records: list[Record]
    next: int | None = Field(description="下一页的 after；没有下一页为 null。")


class PossibleService(Answer):
    """可能所属的一次服务。"""

    case_no: str
    service_no: int


class Supplement(Answer):
    """追评：补充的理由和文字，原来的评价不变。"""

    reasons: list[int]
    text: str | None
    given_at: Time


class Rating(Answer):
    """一条评价，计入与否都在。"""

    position: int
    hall: str
    device: str | None
    seq: int | None
    origin: Origin
    channel: Channel
    key: str | None
    level: Level
    reasons: list[int | str]
    text: str | None
    reason_missing: bool = Field(description="规定要求差评写明理由而没有写；照常保存和计入。")
    supplement: Supplement | None = Field(description="追评；没有则为 null。")
    indicators: int | None
    policy_version: int | None
    token: str | None
    flags: int | None
    boot: int | None
    uptime_ms: int | None
    wall_at: Moment
    error_ms: int | None
    status: Status
    adopted: bool
    set_aside: bool = Field(description="评价人列入恶意评价人员信息库期间，暂不计入统计。")
    real_name: bool = Field(description="大厅封存上报了这次服务的当事人身份。")
    binding_number: int | None
    case_no: str | None
    service_no: int | None
    staff: str | None
    window: str | None
    rule: str | None
    candidates: list[PossibleService] | None
    decided_at: Moment
    gateway_received_at: Moment
    received_at: Time


class Ratings(Answer):
    """按接收次序。"""

    ratings: list[Rating]
    next: int | None = Field(description="下一页的 after；没有下一页为 null。")


class DeviceState(Answer):
    """一台评价器的记录链。"""

    device: str
    window: str | None
    records: Count
    head: Count = Field(description="最后一条连续记录的序号。")
    top: Count = Field(description="已收到的最大序号。")
    gaps: list[Range] = Field(description="尚未收到的序号区间。")
    lost: list[Range] = Field(description="评价器声明已丢失的序号区间。")
    quarantined: Count
    revoked: bool
    last_received_at: Moment


class Incidents(Answer):
    """某日某种事件的次数。"""

    date: str
    code: str
    count: Count


class Rate(Answer):
    """一个比率和它的算法。"""

    good: Count
    of: Count
    percent: str | None = Field(description="两位小数；没有可除的为 null。", examples=["97.50"])
    formula: str = Field(description="算法，写明依据。")


class Figures(Answer):
    """主动评价、默认评价和不计入的，分别统计。"""

    active: dict[Level, Count]
    default: dict[Level, Count]
    superseded: Count = Field(description="默认之后群众又作评价的。")
    not_adopted: Count
    set_aside: Count
    reason_missing: Count
    good_rate: Rate = Field(description="按规定的好评率。")
    active_good_rate: Rate = Field(description="只计主动评价的好评率。")


class HallState(Answer):
    """一个大厅。"""

    id: str
    name: str
    records: Count
    kinds: dict[str, Count]
    cases: Count
    services: Count
    ratings: dict[str, Count]
    levels: dict[Level, Count]
    figures: Figures
    centre: dict[Level, Count] = Field(description="对大厅总体的评价，不计入好评率。")
    feedback: dict[str, Count] = Field(description="综合评价，按渠道，不计入好评率。")
    devices: list[DeviceState]
    incidents: list[Incidents]


class Summary(Answer):
    """各大厅收到了什么。"""

    halls: list[HallState]


# --- ratings without a device ---


class TokenMade(Answer):
    """评价凭证。"""

    token: str
    expires_at: Time


class Said(Answer):
    """给评价人看的一句话。"""

    said: str


class Added(Said):
    """已保存。"""

    repeated: bool = Field(description="同一内容此前已保存。")


class Taken(Added):
    """评价已保存；答复与等级无关。"""

    status: Status


class ImportResult(Answer):
    """一条的结果。"""

    key: str
    result: Literal["accepted", "duplicate", "conflict", "refused"]
    status: Status | None
    why: str | None


class Imported(Answer):
    """与提交的各条一一对应，次序相同。"""

    dry_run: bool
    totals: dict[str, Count]
    results: list[ImportResult]


# --- what people take in for citizens ---


class Registered(Answer):
    """已登记。"""

    number: int


class WaitingForm(Answer):
    """一张待核对的表格。"""

    id: int
    hall: str
    form_no: str
    case_no: str
    service_no: int
    level: Level
    reasons: list[int]
    text: str | None
    scan: str = Field(description="扫描件的 SHA-256。")
    entered_by: str
    filled_in_at: Time
    entered_at: Time


class FormsWaiting(Answer):
    """按录入次序。"""

    forms: list[WaitingForm]


class FormChecked(Answer):
    """核对的结果。"""

    number: int
    state: Literal["accepted", "rejected"]


class ListStep(Answer):
    """一步。"""

    at: Time
    person: str
    step: Literal["proposed", "agreed", "declined", "appealed", "removed", "kept"]
    words: str


class ListEntry(Answer):
    """恶意评价人员信息库的一条，没有姓名。"""

    number: int
    rater: str = Field(description="评价人证件号码的密钥散列。")
    proposed_by: str
    proposed_at: Time
    basis: str
    expires_at: Time
    decided_by: str | None
    decided_at: Moment
    agreed: bool | None
    decision: str | None
    appealed_at: Moment
    appeal: str | None
    reviewed_by: str | None
    reviewed_at: Moment
    removed_at: Moment
    review: str | None
    steps: list[ListStep]


class ListStands(Answer):
    """这一条现在怎样。"""

    number: int
    agreed: bool | None
    removed: bool


class Health(Answer):
    """数据库可用。"""

    status: Literal["ok"]


class AuditEntry(Answer):
    """审计链的一条。hash = SHA-256(确定性 CBOR ["hcp-audit-1", number, at_ms, actor, kind, about, words, prev])。"""

    position: int
    number: int = Field(description="自 1 起连续。")
    at_ms: int = Field(description="自 1970 年起的毫秒（UTC）。")
    actor: str = Field(description="账号、密钥的名称或主机上的操作人。")
    kind: Literal["write", "read", "refused"] = Field(description="写入、查阅或被拒绝的尝试。")
    about: str = Field(description="所涉及的对象。")
    words: str
    prev: str = Field(description="上一条的 hash，第一条为 32 个零字节。")
    hash: str


class AuditHead(Answer):
    """审计链的末端。"""

    number: int
    hash: str


class AuditPage(Answer):
    """审计链的一页。"""

    audit: list[AuditEntry]
    next: int | None = Field(description="下一页的 after；没有下一页为 null。")
    head: AuditHead


class ToldRow(Answer):
    """告知被评价人的一件差评：没有等级、理由、评价人和办件编号。"""

    number: int = Field(description="差评处置的编号。")
    day: str = Field(description="评价当日。", examples=["2026年9月30日（周三）"])
    may_apply: bool = Field(description="现在能否书面申请复核。")


class ToldRows(Answer):
    """告知本人的差评，新的在前。"""

    told: list[ToldRow]
