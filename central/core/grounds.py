"""The grounds on which a bad rating may be disputed, and what each must say.

A superset of the five regulations (REQUIREMENTS C-10); a policy enables its own with `Ground` values in its rules. The
names of fields are those of a policy. Whether a text is any good is not judged here, only whether it is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class GroundName(StrEnum):
    MISTAKEN = "mistaken"
    MALICIOUS = "malicious"
    REFUSED = "refused"
    INELIGIBLE = "ineligible"
    OTHER = "other"
    UNTRUE = "untrue"
    NO_LEGAL_BASIS = "no_legal_basis"
    IRRELEVANT = "irrelevant"


TITLES = {
    GroundName.MISTAKEN: "误评",
    GroundName.MALICIOUS: "恶意差评",
    GroundName.REFUSED: "拒评",
    GroundName.INELIGIBLE: "用户不符合办理条件",
    GroundName.OTHER: "其他",
    GroundName.UNTRUE: "不属实",
    GroundName.NO_LEGAL_BASIS: "缺乏法定依据",
    GroundName.IRRELEVANT: "其他无关评价",
}

#: What is in a named field, as a form and a refusal call it.
FIELDS = {
    "rated_at": "差评产生时间",
    "cause": "差评原因",
    "appeal_reason": "申诉原因",
    "response_to_text": "对评价人文字内容的回应和解释",
    "intended_item": "评价人想评价的事项",
    "related": "该事项与差评事项是否有关联",
    "basis": "判断为恶意评价的依据",
    "policy_basis": "政策依据",
    "why_not_matching": "不符合政策的原因",
    "wrong_step": "在哪一步操作错误",
    "specifics": "具体情况",
    "scene": "问题产生的场景",
    "reproduction": "问题的重现方法",
    "transfer_to": "需转交处理的部门",
    "result": "处理结果",
    "next_measures": "下一步举措",
    "joint_measures": "共同管理措施",
    "preliminary": "初步答复",
    "reason": "理由",
    "contact": "与评价人的沟通记录",
    "channel": "反馈方式",
    "content": "反馈内容",
    "handling": "处理情况",
}

#: What may be the matter with a bad rating and is no ground: it is put right instead (附件2 一(一)末, 一(五)2).
NO_GROUNDS = {
    "attitude": "工作人员态度问题属实的应予以整改，不能申诉",
    "ability": "工作人员能力问题属实的应予以整改，不能申诉",
    "system": "办事系统问题属实的应予以整改，不能申诉；"
    "系统非本单位自建的，请选“其他—非自建系统”并写明场景、重现方法和转交部门",
    "other_department": "一个事项涉及多个部门的，由差评归属部门牵头整改，不能以属于其他部门为由申诉；"
    "确属两个事项评价错的，请选“误评—评价错事项”",
}


@dataclass(frozen=True)
class Kind:
    """A form of a ground with what only it must say, e.g. 评价错事项 of 误评."""

    name: str
    title: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ground:
    """A ground as one policy has it. ``fields`` every kind must fill; ``attempts`` calls on as many days come first;
    ``model`` is the regulation's own example (范例)."""

    name: GroundName
    article: str
    fields: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    attempts: int = 0
    model: str = ""

    def required(self, kind: str | None) -> tuple[str, ...]:
        """Raises ValueError for a kind that this ground has not, or for none where it has some."""
        if not self.kinds and kind is None:
            return self.fields
        for known in self.kinds:
            if known.name == kind:
                return self.fields + known.fields
        raise ValueError("、".join(known.title for known in self.kinds) or "（无）")


def missing(required: Sequence[str], fields: Mapping[str, str]) -> list[str]:
    """The Chinese names of what is required and is absent or blank."""
    return [FIELDS[name] for name in required if not fields.get(name, "").strip()]
