"""The numbers and words that other systems use, each table under its name (DOMAIN: two national scales run opposite).

Inside there are names only (`core.rating`). A number is read by the table that its sender names, and never travels on:
the same 1 is 非常不满意 in the rating interface and 非常满意 in GB/T 39046. What a table does not know is a ValueError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from central.core.rating import Channel, Level, Origin

Inside = TypeVar("Inside")


@dataclass(frozen=True)
class CodeTable(Generic[Inside]):
    """One table, both ways. ``source``: where it stands. What has no code of its own is not in it."""

    name: str
    source: str
    codes: Mapping[Inside, str]

    def __post_init__(self) -> None:
        if len(set(self.codes.values())) != len(self.codes):
            raise ValueError(f"{self.name}: one code for two")
        object.__setattr__(self, "codes", MappingProxyType(dict(self.codes)))

    def write(self, inside: Inside) -> str:
        """The code. Raises ValueError for what this table has none for."""
        try:
            return self.codes[inside]
        except KeyError:
            raise ValueError(f"{self.name}：没有“{inside}”的代码") from None

    def read(self, code: object) -> Inside:
        """What the code means; an integer counts as its digits. Raises ValueError."""
        text = str(code) if type(code) is int else code
        for inside, written in self.codes.items():
            if written == text:
                return inside
        raise ValueError(f"{self.name}：应为 {'、'.join(self.codes.values())} 之一，实为 {code!r:.20}")


def _levels(codes: str) -> dict[Level, str]:
    """Codes from 非常满意 to 非常不满意."""
    return dict(zip(Level, codes, strict=True))


#: Levels by table.
LEVELS: Mapping[str, CodeTable[Level]] = MappingProxyType(
    {
        table.name: table
        for table in (
            CodeTable("interface", "好差评数据接口 satisfaction；SP 7.2 的星数", _levels("54321")),
            CodeTable("gbt39046", "GB/T 39046-2020 表 A.8 满意度代码", _levels("12345")),
            CodeTable("social_security", "人社系统评价器", _levels("01234")),
        )
    }
)
_CHANNELS = {
    Channel.PC: "1",
    Channel.MOBILE: "2",
    Channel.QR: "3",
    Channel.HALL_TABLET: "4",
    Channel.HALL_TERMINAL: "5",
}
#: Channels (pf) by table. Nobody has a code for paper; only Zhejiang has one for a default.
CHANNELS: Mapping[str, CodeTable[Channel]] = MappingProxyType(
    {
        table.name: table
        for table in (
            CodeTable("interface", "好差评数据接口 pf", _CHANNELS),
            CodeTable("fujian", "人社、福建 pf", {**_CHANNELS, Channel.PHONE: "6", Channel.SMS: "7"}),
            CodeTable("zhejiang", "浙江 pf", {**_CHANNELS, Channel.SMS: "6", Channel.NONE: "7"}),
            CodeTable(
                "gbt39046",
                "GB/T 39046-2020 表 9 评价渠道",
                {
                    Channel.PC: "PC端",
                    Channel.MOBILE: "移动服务端",
                    Channel.QR: "二维码",
                    Channel.HALL_TABLET: "政务大厅平板电脑",
                    Channel.HALL_TERMINAL: "政务大厅其他终端",
                    Channel.PHONE: "电话",
                    Channel.SMS: "短信",
                },
            ),
        )
    }
)


def is_default(origin: Origin) -> str:
    """``isdefault`` of the interface: 1 for what nobody said."""
    return "1" if origin is Origin.DEFAULT else "0"


def assess_number(supplement: bool) -> str:
    """``assessNumber`` (Zhejiang): 1 the rating, 2 what was added to it 追评."""
    return "2" if supplement else "1"


def stars(level: Level) -> str:
    """A level in stars (SP 7.2), for people: ★★☆☆☆."""
    number = int(LEVELS["interface"].write(level))
    return "★" * number + "☆" * (5 - number)
