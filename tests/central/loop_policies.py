"""The five policies as the loop sees them, written out by hand from the regulations.

A timer without an article is one that the regulation does not have: the loop needs it, a deployment gives its length.
"""

from central.core.classes import HandlingClass
from central.core.grounds import Ground, GroundName, Kind
from central.core.handling import OPEN, Action, Start, State
from central.core.loop_rules import AppealRule, Basis, Clause, ExtensionRule, InvalidRule, LoopRules, Timer
from central.core.parties import Party


def _in(*states: State) -> frozenset[State]:
    return frozenset(states)


PUSHED, VERIFYING, RECTIFYING = State.PUSHED, State.VERIFYING, State.RECTIFYING

PUSH = Timer("push", Start.RATED, _in(State.ARRIVED))
INVALID_REVIEW = Timer("invalid_review", Start.VERIFIED, _in(State.INVALID_REVIEW))
FEEDBACK = Timer("feedback", Start.RECTIFIED, _in(State.FEEDBACK))
OBJECTION = Timer("objection", Start.REOPENED, _in(State.OBJECTION))
ESCALATE = Timer("escalate", Start.OVERDUE, frozenset(), OPEN, Action.ESCALATE)

#: 附件2 一(三): every appeal says when, why, why it is appealed, and answers the citizen's text if there is one.
_EVERY = ("rated_at", "cause", "appeal_reason", "response_to_text")

#: 温州附件2 一(一)–(五), in full.
WENZHOU_GROUNDS = (
    Ground(
        GroundName.MISTAKEN,
        "附件2 一(一)1、一(三)1",
        _EVERY,
        (
            Kind("wrong_item", "评价错事项", ("intended_item", "related")),
            Kind("wrong_digit", "回复错评价数字"),
            Kind("wrong_star", "点错评价星级"),
        ),
        model="和群众回访核实后确认，群众于X月X日办理了A事项，于X月X日办理了B事项，误把此评价当成评价A事项，"
        "评价了差评，实际上对于B事项非常满意。",
    ),
    Ground(
        GroundName.MALICIOUS,
        "附件2 一(一)2、一(三)2",
        (*_EVERY, "basis"),
        model="群众于X时间办理该事项，根据X政策+详细政策说明，而群众+群众不符合政策的原因，多次解释后群众依然坚持差评。",
    ),
    Ground(
        GroundName.REFUSED,
        "附件2 一(一)3、一(四)3",
        _EVERY,
        attempts=2,
        model="于X月X日、Y月Y日联系群众，均未接听电话（或被挂断），无法核实差评细节。",
    ),
    Ground(
        GroundName.INELIGIBLE,
        "附件2 一(一)4、一(三)3",
        (*_EVERY, "policy_basis", "why_not_matching", "wrong_step"),
        (
            Kind("not_eligible", "不符合办理条件不予办理"),
            Kind("wrong_data", "信息填报有误"),
            Kind("unfamiliar", "不熟悉办事流程"),
        ),
        model="群众于X时间办理该事项，根据X政策+详细政策说明，而群众+群众不符合政策的原因。",
    ),
    Ground(
        GroundName.OTHER,
        "附件2 一(一)5、一(三)4、一(五)3",
        (*_EVERY, "specifics"),
        (
            Kind("not_by_person", "非群众本人评价"),
            Kind("test_rating", "测试评价"),
            Kind("foreign_system", "非自建系统", ("scene", "reproduction", "transfer_to")),
        ),
    ),
)

WENZHOU = LoopRules(
    policy="wenzhou",
    title="《温州市政务服务“好差评”管理办法》",
    timers=(
        PUSH,
        Timer("call_back", Start.PUSHED, _in(PUSHED), limit="收到推送后1个工作日内", article="第十二条"),
        Timer(
            "appeal",
            Start.RATED,
            _in(VERIFYING),
            _in(PUSHED),
            Action.LAPSE,
            "差评产生之日起5个工作日内",
            "第十二条、附件2 一(二)",
        ),
        Timer("review", Start.APPEAL_RECEIVED, _in(State.APPEALED), limit="接到申诉后5个工作日内", article="第十二条"),
        Timer(
            "rectify",
            Start.RATED,
            _in(RECTIFYING),
            limit="差评产生之日起15个工作日内",
            article="第十二条、附件2 二(二)",
        ),
        Timer("rectification_review", Start.RECTIFIED, _in(State.REPLY_REVIEW)),
        Timer("feedback", Start.RECTIFIED, _in(State.FEEDBACK), limit="实时", article="第十二条"),
        OBJECTION,
        ESCALATE,
    ),
    basis={
        Basis.CALL_BACK: "第十二条",
        Basis.APPEAL: "第十二条、附件2 一",
        Basis.REVIEW: "第十二条、附件2 二(三)",
        Basis.NOT_ADOPTED: "第十二条",
        Basis.RECUSE: "第五条第三款",
        Basis.RECTIFY: "第十二条、附件2 二(一)",
        Basis.REPLY: "附件2 二(三)",
        Basis.FEEDBACK: "第十二条",
        Basis.SUPERVISE: "第十一条",
        Basis.ACCOUNT: "第十二条",
    },
    offices={Party.REVIEWER: "市信访局", Party.HANDLER: "承办单位处置员", Party.SUPERVISOR: "地区管理员"},
    appeal=AppealRule(Party.HANDLER, WENZHOU_GROUNDS, "appeal", _in(VERIFYING)),
    reply_fields=("rated_at", "cause", "result", "next_measures"),
    reply_review=True,
    clauses=(
        Clause("A2-18", "涉及“将、办理中、责令、要求、已通知、拟、计划、建议、下一步”等词语"),
        Clause("A2-19", "已发放谈话通知书，但没有处理结果"),
        Clause("A2-20", "承诺在一定期限内处理，但没有处理结果"),
        Clause("A2-21", "称会加强管理，但没有处理结果"),
        Clause("A2-22", "称责令当事人整改或已经整改，但没有整改结果"),
        Clause("A2-23", "称会加快进度、积极协调、正在处理，但没有处理结果"),
        Clause("A2-24", "称需多个部门共同管理，但没有共同管理措施或处理结果"),
        Clause("A2-25", "已交由某部门检测，待检测结果出来后再处理"),
        Clause("A2-26", "没有任何处理情况、答非所问、未作实质性答复"),
    ),
    third_party=True,
)

#: The list of ten options is not in the seed: national codes stand in, chosen by their words.
_JX_CLASSES = (
    HandlingClass("at_once", "立整立改类", "三(三)1", frozenset({"214", "115"})),
    HandlingClass("limited", "限时整改类", "三(三)2", frozenset({"209", "210", "109", "110"})),
    HandlingClass("coordinated", "协调整改类", "三(三)3", frozenset({"113"})),
)
_AT_ONCE, _LIMITED, _COORDINATED = (frozenset({each.name}) for each in _JX_CLASSES)
_CALLED = _in(PUSHED, VERIFYING)

JIAXIANG = LoopRules(
    policy="jiaxiang",
    title="嘉政办发〔2021〕21号",
    timers=(
        Timer("push", Start.RATED, _in(State.ARRIVED), limit="第一时间", article="三(三)"),
        Timer(
            "at_once.call_back",
            Start.PUSHED,
            _CALLED,
            limit="1小时内电话回访",
            article="三(三)1",
            classes=_AT_ONCE,
        ),
        Timer(
            "limited.call_back",
            Start.PUSHED,
            _CALLED,
            limit="1个工作日内安排回访",
            article="三(三)2",
            classes=_LIMITED,
        ),
        Timer("coordinated.call_back", Start.PUSHED, _CALLED, classes=_COORDINATED),
        Timer(
            "at_once.rectify",
            Start.CALLED_BACK,
            _in(RECTIFYING),
            limit="回访结束后立即",
            article="三(三)1",
            classes=_AT_ONCE,
        ),
        Timer(
            "limited.rectify",
            Start.PUSHED,
            _in(RECTIFYING, State.FEEDBACK),
            limit="3个工作日内答复整改结果",
            article="三(三)2",
            classes=_LIMITED,
        ),
        Timer("coordinated.rectify", Start.PUSHED, _in(RECTIFYING), classes=_COORDINATED),
        INVALID_REVIEW,
        FEEDBACK,
        OBJECTION,
        ESCALATE,
    ),
    basis={
        Basis.CALL_BACK: "三(三)",
        Basis.INVALID: "三(三)",
        Basis.NOT_ADOPTED: "三(三)",
        Basis.RECTIFY: "三(三)",
        Basis.FEEDBACK: "三(三)",
        Basis.CLASS: "三(三)1–3",
        Basis.EXTEND: "三(三)3",
        Basis.SUPERVISE: "三(三)",
    },
    offices={Party.HANDLER: "镇（街道）处置员", Party.SUPERVISOR: "县行政审批服务局"},
    classes=_JX_CLASSES,
    unclassified="limited",
    invalid=InvalidRule(
        (Ground(GroundName.UNTRUE, "三(三)", ("specifics",)), Ground(GroundName.MALICIOUS, "三(三)", ("basis",))),
        files=False,
    ),
    call_back_fields=("preliminary",),
    extension=ExtensionRule(frozenset({"coordinated.rectify"}), before_due=True, classes=_COORDINATED),
)

#: A fragment: nothing of it survives about limits, disputes or reviews (REQUIREMENTS LZ-2.2.1…).
LANZHOU = LoopRules(
    policy="lanzhou",
    title="兰政办发〔2020〕53号",
    timers=(
        PUSH,
        Timer("call_back", Start.PUSHED, _CALLED),
        Timer("rectify", Start.PUSHED, _in(RECTIFYING)),
        FEEDBACK,
        ESCALATE,
    ),
)

_ORDINARY, _COMPLEX = frozenset({"ordinary"}), frozenset({"complex"})
_TO_RECTIFY = _in(RECTIFYING, State.FEEDBACK)

MOT = LoopRules(
    policy="mot",
    title="《交通运输政务服务“好差评”工作管理办法（试行）》",
    timers=(
        PUSH,
        Timer("call_back", Start.PUSHED, _CALLED, limit="收到推送后2个工作日内", article="第十五条"),
        Timer(
            "rectify",
            Start.VERIFIED,
            _TO_RECTIFY,
            limit="10个工作日内",
            article="第十五条(一)",
            classes=_ORDINARY,
        ),
        Timer(
            "rectify_complex",
            Start.VERIFIED,
            _TO_RECTIFY,
            limit="15个工作日内",
            article="第十五条(一)",
            classes=_COMPLEX,
        ),
        Timer("invalid_report", Start.VERIFIED, _in(State.INVALID), limit="10个工作日内", article="第十五条(二)"),
        Timer("invalid_review", Start.FILED, _in(State.INVALID_REVIEW)),
        OBJECTION,
        ESCALATE,
    ),
    basis={
        Basis.PARTY: "第七条",
        Basis.CALL_BACK: "第十五条",
        Basis.INVALID: "第十五条(二)",
        Basis.NOT_ADOPTED: "第十五条(二)",
        Basis.REVIEW: "第十五条(二)",
        Basis.RECTIFY: "第十五条(一)",
        Basis.REPLY: "第十五条(一)",
        Basis.FEEDBACK: "第十五条(一)",
        Basis.CLASS: "第十五条(一)",
        Basis.EXTEND: "第十五条(一)",
        Basis.SUPERVISE: "第七条",
    },
    offices={Party.REVIEWER: "办公厅", Party.HANDLER: "承办单位处置员"},
    classes=(
        HandlingClass("ordinary", "一般", "第十五条(一)"),
        HandlingClass("complex", "情况复杂", "第十五条(一)"),
    ),
    unclassified="ordinary",
    invalid=InvalidRule(
        (
            Ground(GroundName.UNTRUE, "第十五条(二)", ("specifics",)),
            Ground(GroundName.NO_LEGAL_BASIS, "第十五条(二)", ("policy_basis",)),
            Ground(GroundName.IRRELEVANT, "第十五条(二)", ("specifics",)),
        ),
        files=True,
    ),
    extension=ExtensionRule(frozenset({"rectify_complex"}), before_due=False, classes=_COMPLEX),
)

_DISPUTABLE = _in(PUSHED, VERIFYING, RECTIFYING, State.FEEDBACK)

SIPING = LoopRules(
    policy="siping",
    title="DB2203/T《政务服务“好差评”规范》（征求意见稿）",
    timers=(
        PUSH,
        Timer("call_back", Start.PUSHED, _CALLED, limit="48小时内", article="8.1"),
        Timer(
            "appeal",
            Start.TOLD,
            frozenset(),
            _DISPUTABLE,
            Action.EXPIRE,
            "自收到差评2个工作日内",
            "9.2",
        ),
        Timer("review", Start.APPEAL_RECEIVED, _in(State.APPEALED), limit="5个工作日内", article="9.3"),
        Timer("rectify", Start.PUSHED, _in(RECTIFYING), limit="15日内", article="8.1"),
        Timer("feedback", Start.RECTIFIED, _in(State.FEEDBACK), limit="及时", article="8.1"),
        OBJECTION,
        ESCALATE,
    ),
    basis={
        Basis.CALL_BACK: "8.1",
        Basis.APPEAL: "9.2",
        Basis.REVIEW: "9.3",
        Basis.NOT_ADOPTED: "9.2",
        Basis.RECTIFY: "8.1",
        Basis.REPLY: "8.1",
        Basis.FEEDBACK: "8.1",
        Basis.SUPERVISE: "5.5",
    },
    offices={Party.REVIEWER: "政务服务局复核员"},
    appeal=AppealRule(
        Party.STAFF,
        (
            Ground(GroundName.MISTAKEN, "9.2", ("appeal_reason",)),
            Ground(GroundName.MALICIOUS, "9.2", ("appeal_reason", "basis")),
        ),
        "appeal",
        _DISPUTABLE,
    ),
)

POLICIES = {rules.policy: rules for rules in (WENZHOU, JIAXIANG, LANZHOU, MOT, SIPING)}
