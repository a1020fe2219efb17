"""Whether a reply says what was done: a 处理结果, which reasons 2 to 7 and the ninth of 附件2 二(三) ask for.

A result is a clause with a word for a change (补发, 退还, 修复, 批评教育 …) that is over and done: 已, 当场, a date
before it, or 了, 完毕 after it, and nothing before it that takes it back (未, 将, 正在, 承诺, 因 …). Figures about a
whole year are no result for this citizen, nor is politeness. It is a reading of words: whether what they say is true,
or enough, is for the reviewer to find out.
"""

import re
from collections.abc import Iterator

from central.core.reply_words import is_promise
from central.core.text_fold import Folded

_REACH = 24
_OUTCOME = (
    r"补发|补办|换发|退还|退回|退费|退款|返还|更正|改正|更改|变更|修复|修好|修改|修正|更新|升级|上线|取消|撤销|撤回|删除|精简|减少|"
    r"压缩|缩短|增设|新划|移至|同步|打入|重新上传|开放|实行|推行|改派|增加|新增|增派|增开|加开|设置|设立|张贴|公示|公布|开通|恢复|更换|替换|开除|注销|核销|合并|打通|优化|完善|改造|"
    r"安装|维修|检修|清理|清洗|解决|排除|消除|纠正|解除|到账|划拨|支付|报销|结算|启用|投入使用|补录|录入|补齐|补缴|重办|办结(?!率)|办妥|办好|"
    r"办理(?:完毕|成功|完成|了)|审核通过|通过审核|审批通过|通过审批|核准|寄出|寄送|邮寄|送达|送证|送至|核发|制发|颁发|"
    r"发放(?![^,。]{0,8}(?:通知|函|谈话))|移除|移走|拆除|清除|转出|转入|重装|调试完成|划设|铺设|加装|配备|落户|赔偿|补偿|免除|减免|延长|"
    r"制定[^,。]{0,10}(?:制度|规程|规范|指南|清单|标准|办法)|受理[^,。]{0,8}(?:申请|材料|业务)|"
    r"向(?:您|群众|申请人|评价人|当事群众|其)[^,。]{0,6}(?:解释|说明)|"
    r"(?:出具|开具|打印)(?![^,。]{0,8}(?:通知|函|谈话|报告|计划|方案))|"
    r"完成[^,。]{0,6}(?:申报|登记|转移|录入|核对|审核|审批|备案|签注|升级)|"
    r"为(?:您|群众|申请人|评价人|其|企业)[^,。]{0,12}办理"
)
_PERSON = (
    r"批评教育|通报|警告|诫勉|记过|处分|扣除|扣发|扣减|扣罚|调离|调岗|调整[^,。]{0,4}岗位|停职|停岗|待岗|离岗|换岗|辞退|"
    r"解除[^,。]{0,6}合同|取消[^,。]{0,8}(?:评优|评先)|检讨|书面检查|道歉|致歉|培训|考核[^,。]{0,6}扣"
)
#: Said of what is over in itself.
_DECIDED = (
    r"(?:予以|给予|作出|作了|处以)[^,。]{0,8}(?:通报|批评|警告|扣|调离|停|辞退|诫勉|记过|处分|退还|更正|补偿)|"
    r"(?:扣除|扣发|扣减|扣罚|调离|停职|停岗|辞退)[^,。]|(?:恢复|运行|使用|查询|登录)(?:已)?正常|(?:增|降|缩|压缩|压减)[至到]|当面(?:赔礼)?道歉|登门(?:赔礼)?道歉"
)
_FIND = re.compile(f"(?P<decided>{_DECIDED})|(?P<person>{_PERSON})|(?P<outcome>{_OUTCOME})")
_PEOPLE = re.compile(_PERSON)

_DONE_BEFORE = re.compile(
    r"已|当场|当日|当天|当即|随即|随后|次日|现场|日前|\d{1,4}月\d{1,4}[日号]|\d{1,4}[日号]|昨日|上午|下午|全部"
)
_DONE_AFTER = re.compile(r"[^,。]{0,3}(?:了|完毕|完成|到位|成功)")
_UNDONE = re.compile(
    r"(?<![社机协员学商工])会(?!议|员|计|诊|谈|商|签|同)|(?<![虚模草比])拟(?!定|设)|(?<!按)计划|准备|预计|争取|力争|尽快|抓紧|尽早|待|正在|正(?:积极|抓紧)|"
    r"着手|承诺|保证|确保|(?<!按)(?<!的)要求|责令|责成|(?<![您的众])建议|希望|请您|如果|如需|如有|若|继续|积极|努力|加快|推动|考虑|酌情|(?<!所)需要?|"
    r"列入|纳入|(?<!原)因(?!此)|由于|到(?:窗口|我局|我中心|中心|大厅|现场)|前来|"
    r"应(?:当|予|该)|即将|便于|以便|近期|近日内|一旦"
)
#: Directly before the word: it was not done, or somebody was only asked to.
_DENIED = re.compile(
    r"(?:未能?|尚未|还未|没有|没|不(?!动产|过|但|仅|久|少|同)|无法|不能|难以|无需|暂不|请求|报请|提请|商请|督促|敦促|开始|研究|讨论|"
    r"反映|能否|避免|表示)[^,。]{0,5}$|(?:协调|联系|通知|安排|委托)[^,。]{0,8}$|(?<![的该])申请[^,。]{0,4}$"
)
_FIGURES = re.compile(r"累计|今年以来|近年来|去年|历年|长期以来|一直以来|年均|每年|平均每|共办理|共受理")
#: What is over, and is an outcome for nobody: taking note, passing on, asking, planning, apologising.
_EVASIVE = re.compile(
    r"了解|收悉|收到|知悉|获悉|重视|关注|通知|要求|责令|责成|督促|上报|报送|转交|转办|移交|交由|转告|转达|反映|反馈|交办|联系|协调|"
    r"沟通|对接|谈话|约谈|列入|纳入|登记|记录|(?<!代为)受理|研究|部署|召开|会议|申请|送检|检测|检验|鉴定|委托|整改|核实|调查|查明|查看|回访|"
    r"歉|答复|回复|告知|说明|安排|成立|制定|(?<!按)计划|方案|开始|启动|着手|报修|等待|努力|加强|提高|认识|汲取|吸取|满意|理解|谅解|施行"
)
_OVER = re.compile(r"已|了(?!解)|[日号]起")
_CLAUSE = re.compile(r"[^,:\n]{1,10000}")


def _said(text: Folded) -> Iterator[re.Match[str]]:
    """Every word of a result that is said as done."""
    for start, end in text.sentences:
        if _FIGURES.search(text.text, start, end):
            continue
        for match in _FIND.finditer(text.text, start, end):
            if not text.quoted(*match.span()) and _done(text, match):
                yield match


def _done(text: Folded, match: re.Match[str]) -> bool:
    first = max(text.clause_at[match.start()], match.start() - _REACH)
    before = text.text[first : match.start()]
    if _UNDONE.search(before) or _DENIED.search(before):
        return False
    if any(char == "将" and is_promise(text, first + place) for place, char in enumerate(before)):
        return False
    if match["decided"]:
        return True
    return bool(_DONE_BEFORE.search(before) or _DONE_AFTER.match(text.text, match.end()))


def may_have_result(text: Folded) -> bool:
    """Whether a clause says that something is over in words which no list of ours has: for a reader to judge."""
    for start, end in text.sentences:
        if _FIGURES.search(text.text, start, end):
            continue
        for clause in _CLAUSE.finditer(text.text, start, end):
            over = _OVER.search(clause[0])
            evasive = _EVASIVE.search(clause[0]) or _UNDONE.search(clause[0])
            if over and not evasive and not text.quoted(clause.start() + over.start(), clause.start() + over.end()):
                return True
    return False


def has_result(text: Folded) -> bool:
    """Whether anything is said to have been done."""
    return any(True for _ in _said(text))


def has_result_for_person(text: Folded) -> bool:
    """Whether something is said to have been done about the person who served: what a talk ended in."""
    return any(_PEOPLE.search(match[0]) for match in _said(text))
