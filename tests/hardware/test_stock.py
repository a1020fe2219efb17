"""parts.toml and mechanical.toml: every line can be ordered."""

import pytest

from hardware.bom import stock
from hardware.part import HardwareError

TEXT = stock.SOURCE.read_text(encoding="utf-8")
LINE = """
[r-0603-10k]
manufacturer = "YAGEO"
mpn = "RC0603FR-0710KL"
alternates = [["UNI-ROYAL", "0603WAF1002T5E"]]
description = "resistor"
package = "0603"
cost_cny = 0.01
height_mm = 0.5
"""


def test_the_lines_of_this_tree_are_complete():
    for path in (stock.SOURCE, stock.MECHANICAL):
        lines = stock.read(path)
        assert all(one.cost_cny > 0 for one in lines.values())
        assert {key for key, one in lines.items() if not one.alternates} <= {
            "w5500",
            "buzzer-12mm-passive",
        }, "all others can be replaced"
        assert all(one.note for one in lines.values() if not one.verified), "what is to be verified is said"


def test_a_line_is_read():
    one = stock.parse(LINE)["r-0603-10k"]
    assert str(one.first) == "YAGEO RC0603FR-0710KL"
    assert [str(other) for other in one.alternates] == ["UNI-ROYAL 0603WAF1002T5E"]
    assert (one.cost_cny, one.height_mm, one.verified, one.risk) == (0.01, 0.5, True, "")


def test_risks_are_named():
    same = LINE.replace('["UNI-ROYAL", "0603WAF1002T5E"]', '["YAGEO", "RT0603"]')
    assert stock.parse(same)["r-0603-10k"].risk == "single source"
    doubtful = LINE + 'verified = false\nnote = "look at it"\n'
    assert stock.parse(doubtful)["r-0603-10k"].risk == "to be verified"
    anybody = same.replace('"YAGEO"', '"any, ISO 7380-1"')
    assert stock.parse(anybody)["r-0603-10k"].risk == "", "a standard part has many makers"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('mpn = "RC0603FR-0710KL"', 'mpn = ""', "r-0603-10k has no part number"),
        ('mpn = "RC0603FR-0710KL"', "", "r-0603-10k has no part number"),
        ('manufacturer = "YAGEO"', "", "r-0603-10k has no manufacturer"),
        ("cost_cny = 0.01", "", "r-0603-10k has no cost"),
        ("cost_cny = 0.01", "cost_cny = 0", "r-0603-10k: cost_cny is 0"),
        ("cost_cny = 0.01", "cost_cny = true", "r-0603-10k has no cost"),
        ("height_mm = 0.5", "", "r-0603-10k has no height"),
        ('[["UNI-ROYAL", "0603WAF1002T5E"]]', "[]", "r-0603-10k (RC0603FR-0710KL) has no alternate; name one"),
        ("height_mm = 0.5", "height_mm = 0.5\nalone = 'so'", "has an alternate, and 'alone' says why it has none"),
        (
            '["UNI-ROYAL", "0603WAF1002T5E"]',
            '["YAGEO", "rc0603fr-0710kl"]',
            "r-0603-10k: the alternate rc0603fr-0710kl is the first choice again",
        ),
        ('["UNI-ROYAL", "0603WAF1002T5E"]', '"UNI-ROYAL"', "r-0603-10k: an alternate is [manufacturer, part number]"),
        (
            "height_mm = 0.5",
            "height_mm = 0.5\nverified = false",
            "r-0603-10k is not verified, and its note does not say",
        ),
        ("height_mm", "heigth_mm", "r-0603-10k: heigth_mm is unknown"),
        ("[r-0603-10k]", "[r-0603-10k", "parts.toml: not TOML"),
    ],
)
def test_a_wrong_line_is_named(old, new, complaint):
    assert old in LINE
    with pytest.raises(HardwareError) as error:
        stock.parse(LINE.replace(old, new))
    assert complaint in str(error.value)


def test_two_lines_with_one_number_are_named():
    with pytest.raises(HardwareError) as error:
        stock.parse(LINE + LINE.replace("10k]", "10k2]"))
    assert "r-0603-10k and r-0603-10k2 are both RC0603FR-0710KL: one part, one line" in str(error.value)


def test_a_line_of_this_tree_without_its_number_is_named():
    broken = TEXT.replace('mpn = "AP63203WU-7"', 'mpn = ""')
    assert broken != TEXT
    with pytest.raises(HardwareError, match="ap63203wu has no part number"):
        stock.parse(broken)
