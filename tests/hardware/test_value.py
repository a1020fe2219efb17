"""What a part number says of itself, and what is drawn."""

import pytest

from hardware.bom import value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5.1k", 5100), ("330R", 330), ("0R", 0), ("1M", 1e6), ("49.9R", 49.9),
        ("100nF", 100e-9), ("4.7uF", 4.7e-6), ("18pF", 18e-12), ("4.7uH", 4.7e-6),
        ("47uF 16V", 47e-6), ("10uF/25V", 10e-6),
    ],
)  # fmt: skip
def test_what_is_drawn(text, number):
    assert value.written(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["USB-C", "", "AO3400A", "R10", "WS2812B"])
def test_a_name_is_no_value(text):
    assert value.written(text) is None


@pytest.mark.parametrize(
    ("mpn", "number", "size"),
    [
        ("RC0603FR-075K1L", 5100, "0603"),
        ("RC0603FR-0749R9L", 49.9, "0603"),
        ("RC0603FR-0712K4L", 12400, "0603"),
        ("RC0603JR-070RL", 0, "0603"),
        ("RC1206FR-071ML", 1e6, "1206"),
        ("0603WAF5101T5E", 5100, "0603"),
        ("0603WAF499JT5E", 49.9, "0603"),
        ("0603WAF100JT5E", 10, "0603"),
        ("1206W4F1004T5E", 1e6, "1206"),
        ("CL10B104KB8NNNC", 100e-9, "0603"),
        ("CL21A226MAYNNNE", 22e-6, "0805"),
        ("CC0603KRX7R9BB682", 6.8e-9, "0603"),
        ("CC0603JRNPO9BN180", 18e-12, "0603"),
        ("CC1206KKX7RDBB102", 1e-9, "1206"),
        ("GRM188R71E105KA12D", 1e-6, "0603"),
        ("GRM21BR61E475KA12L", 4.7e-6, "0805"),
        ("SWPA5040S4R7MT", 4.7e-6, ""),
    ],
)
def test_what_a_number_says(mpn, number, size):
    says = value.said(mpn)
    assert says is not None
    assert says.value == pytest.approx(number)
    assert says.size == size


@pytest.mark.parametrize("mpn", ["AP63203WU-7", "202R18W102KV4E", "", "RC0603", "TYPE-C-31-M-12"])
def test_what_no_number_says(mpn):
    assert value.said(mpn) is None
