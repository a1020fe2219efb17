"""The tree of regions and the kinds of institutions in it."""

from enum import StrEnum


class Tier(StrEnum):
    """How high a region stands, the highest first. ``system``: a line of its own, as 海事系统 (MOT 第七条3款); the four
    lowest are WZ 第三条's 市、县、乡镇（街道）、村（社区）."""

    NATION = "nation"
    SYSTEM = "system"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"


TIER_TITLES = {
    Tier.NATION: "国家",
    Tier.SYSTEM: "系统",
    Tier.PROVINCE: "省",
    Tier.CITY: "市",
    Tier.COUNTY: "县（市、区）",
    Tier.TOWN: "乡镇（街道）",
    Tier.VILLAGE: "村（社区）",
}


class OrgKind(StrEnum):
    """What may give government services (WZ 第二条), and the centres whose halls they sit in."""

    AGENCY = "agency"
    PARTY_BODY = "party_body"
    AUTHORISED = "authorised"
    CENTRE = "centre"


KIND_TITLES = {
    OrgKind.AGENCY: "行政机关",
    OrgKind.PARTY_BODY: "具有行政职能的党群部门",
    OrgKind.AUTHORISED: "法律法规授权的组织",
    OrgKind.CENTRE: "政务服务中心",
}


def is_below(lower: Tier, upper: Tier) -> bool:
    """Whether a region of one tier may lie in one of the other."""
    order = list(Tier)
    return order.index(lower) > order.index(upper)
