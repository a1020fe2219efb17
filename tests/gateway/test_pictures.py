"""Pictures of scenes and reasons: readable, honest about what does not fit, and what a device can take."""

import hashlib
import math
import re
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from firmware import display
from gateway.core import indicators, scene
from gateway.core.indicators import NATIONAL, IndicatorError
from gateway.core.scene import LookError, Prompt
from gateway.core.timeline import Serving
from gateway.screens import asset, prompt, strips
from gateway.screens.shelf import MAX_PROMPT_BYTES, MOST, PIECE, Shelf, prompt_asset
from gateway.screens.text import ELLIPSIS, font, lines, shortened

ROOT = Path(__file__).resolve().parents[2]
SPEC, FIRMWARE = ROOT / "protocol" / "SPEC.md", ROOT / "firmware"
PAGE = "https://hcp.example.gov.cn/r/A01/LC-2026-000123/1"
LONG = "城乡居民基本养老保险参保登记与待遇领取资格认证、社会保障卡申领启用"
SECOND_MM = (
    4.5  # the ink of an item's characters, at least: half a degree at 50 cm, and more at 60 than print in a form
)
PX_PER_MM = math.hypot(asset.WIDTH, asset.HEIGHT) / (2.8 * 25.4)

texts = st.text("身份证换领与（、。，Start-up 2026年·）", min_size=1, max_size=60).filter(
    lambda text: text.strip() == text != ""
)


def pieces(data: bytes) -> list[Image.Image]:
    return [asset.decode(data[at : at + PIECE]) for at in range(0, len(data), PIECE)]


def test_the_numbers_are_those_of_the_device():
    for name in ("WIDTH", "HEIGHT", "HEAD", "ROW", "TEXT_X", "PALETTE"):
        assert getattr(asset, name) == getattr(display, name), name


def test_the_limits_are_those_of_the_specification():
    paragraph = SPEC.read_text().partition("5.7 **Pictures.**")[2].partition("\n## 6")[0]
    words = " ".join(paragraph.split())
    assert f"{asset.WIDTH} × {asset.HEIGHT - asset.HEAD} pixels" in words
    assert f"at most {MAX_PROMPT_BYTES // PIECE} pieces of {PIECE} bytes" in words
    assert f"at most {strips.MAX_BYTES} bytes in all" in words
    assert f"{asset.WIDTH - asset.TEXT_X} × {asset.ROW} each" in words
    device = {
        name: int(value)
        for file in ("pictures.py", "strips.py")
        for name, value in re.findall(r"^(MAX_\w+|PIECE) = (\d+)", (FIRMWARE / file).read_text(), re.MULTILINE)
    }
    assert device == {"MAX_PROMPT": MAX_PROMPT_BYTES, "PIECE": PIECE, "MAX_STRIPS": strips.MAX_BYTES}


# --- lines ---


@given(texts, st.integers(40, 300), st.integers(1, 4))
@example("企业开办 Start-up 一件事", 150, 3)
def test_lines_fit_and_hold_the_whole_text_or_say_that_they_do_not(text, width, most):
    face = font(30)
    found = lines(text, face, width, most)
    assert 1 <= len(found) <= most
    assert all(face.getlength(row) <= width for row in found)
    whole = "".join("".join(found).split())
    if found[-1].endswith(ELLIPSIS):
        assert "".join(text.split()).startswith(whole[:-1])
    else:
        assert whole == "".join(text.split())


def test_lines_are_even_keep_words_whole_and_punctuation_where_it_belongs():
    face = font(30)
    assert lines("居民身份证换领", face, 165, 3) == ["居民身份", "证换领"]
    assert lines("企业开办 Start-up 一件事", face, 160, 3) == ["企业开办", "Start-up", "一件事"]
    assert lines("提取公积金（租房）", face, 160, 3)[0][-1] != "（"
    assert not lines("登记，变更，注销，备案", face, 95, 9)[1].startswith("，")
    assert lines("ABCDEFGHIJKLMNOPQRSTUVWXYZ", face, 100, 9)[0] != "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_what_is_cut_ends_with_an_ellipsis_and_not_with_a_comma():
    face = font(30)
    cut = shortened("登记，变更，注销", face, 4 * 30)
    assert cut.endswith(ELLIPSIS) and cut[-2] not in "，"
    assert shortened("登记", face, 60) == "登记"


# --- prompts ---


@pytest.mark.parametrize(
    "wanted", [Prompt("护照", "1001"), Prompt(LONG, "330302-A017", 5, PAGE), Prompt(None, "9" * 64)]
)
def test_nothing_is_drawn_over_the_edge_or_over_the_code(wanted):
    picture = prompt.draw(wanted)
    assert picture.size == (320, 168)
    ground = Image.new("RGB", picture.size, asset.BACKGROUND)
    left, top, right, bottom = ImageChops.difference(picture, ground).getbbox()
    assert left >= 8 and top >= 2 and right <= 320 - 8 and bottom <= 168 - 2
    if wanted.address:
        card = prompt.code(wanted.address)
        x = 320 - prompt.RIGHT - card.width
        y = next(y for y in range(168) if picture.getpixel((x, y)) == asset.INK)
        box = (x, y, x + card.width, y + card.height)
        assert ImageChops.difference(picture.crop(box), card).getbbox() is None
        gap = picture.crop((x - prompt.GAP // 2, 0, x, 168))
        assert set(gap.get_flattened_data()) == {asset.BACKGROUND}, "text keeps away from the code"


def test_an_item_is_large_enough_to_read_at_60_cm():
    for size in prompt.ITEM_PX:
        box = font(size).getbbox("身份证换领")
        assert (box[3] - box[1]) / PX_PER_MM >= SECOND_MM, size
    box = font(prompt.STAFF_PX, 500).getbbox("工号 1001")
    assert (box[3] - box[1]) / PX_PER_MM >= SECOND_MM


@pytest.mark.parametrize("address", [PAGE, "https://a.cn/1", PAGE + "x" * (scene.MAX_ADDRESS - len(PAGE))])
def test_a_phone_reads_the_code_off_the_panel(address):
    data = prompt_asset(Prompt("不动产首次登记", "0231", 4, address))
    picture = Image.new("L", (320, 168))
    top = 0
    for part in pieces(data):
        picture.paste(part.convert("L"), (0, top))
        top += part.height
    assert top == 168
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == address and found.format == zxingcpp.BarcodeFormat.QRCode
    card = prompt.code(address)
    modules = {card.getpixel((x, card.height // 2)) for x in range(4 * prompt.MODULE_PX)}
    assert modules == {asset.INK}, "a quiet zone of four modules"


def test_a_code_too_fine_to_be_read_is_not_drawn():
    assert prompt.code("https://a.cn/" + "x" * 200) is None
    assert prompt.code("https://a.cn/" + "x" * 5000) is None
    without = prompt.draw(Prompt("护照", None, None, "https://a.cn/" + "x" * 200))
    assert ImageChops.difference(without, prompt.draw(Prompt("护照"))).getbbox() is None


def test_published_stars_are_words_and_no_star_is_full_before_a_press():
    picture = prompt.draw(Prompt("护照", "1001", 4))
    plain = prompt.draw(Prompt("护照", "1001"))
    assert ImageChops.difference(picture, plain).getbbox()
    gold = [
        sum(pixel == asset.GOLD for pixel in prompt.draw(Prompt("护照", "1001", n)).get_flattened_data())
        for n in (1, 5)
    ]
    assert max(gold) < 2000, "text, not five golden stars"


@settings(deadline=None, max_examples=25)
@given(st.none() | texts, st.none() | st.text("0123456789-A", min_size=1, max_size=64), st.none() | st.integers(1, 5))
def test_every_prompt_is_one_that_a_device_takes(item, staff, stars):
    wanted = Prompt(item, staff, stars)
    data = prompt_asset(wanted)
    assert len(data) <= MAX_PROMPT_BYTES
    found = pieces(data)
    assert sum(part.height for part in found) == 168
    assert all(part.width == 320 and part.height % 4 == 0 for part in found)
    assert data == prompt_asset(wanted), "the same again: its hash is its name"


# --- the look ---

SERVING = Serving("A 01", "LC/1?", 2, "1001", 0, 10)


def test_an_address_is_escaped_and_left_out_if_it_is_too_long():
    page = "https://a.cn/{hall}/{window}/{case_no}/{service_no}"
    assert scene.address(page, "hall-1", SERVING) == "https://a.cn/hall-1/A%2001/LC%2F1%3F/2"
    long = Serving("A1", "办" * 64, 1, None, 0, 10)
    assert scene.address(page, "hall-1", long) is None
    assert scene.address(None, "hall-1", SERVING) is None


@pytest.mark.parametrize(
    "page",
    [
        "http://a.cn/{case_no}",
        "a.cn",
        "https://a.cn/{staff}",
        "https://a.cn/{case_no.__class__}",
        "https://a.cn/{case_no!r}",
        "https://a.cn/{case_no:>900}",
        "https://a.cn/{",
        "https://a.cn/{}",
        "https://a.cn/ {case_no}",
        "https://办.cn/{case_no}",
        "https://a.cn/" + "x" * 100,
    ],
)
def test_a_page_that_no_code_could_show_is_refused(page):
    with pytest.raises(LookError):
        scene.check_page(page)


def test_a_prompt_shows_the_stars_of_its_staff_alone():
    given_look = scene.Look(stars={"1001": 4, "1002": 1})
    assert scene.prompt(given_look, "h", SERVING, "护照") == Prompt("护照", "1001", 4, None)
    assert scene.prompt(scene.Look(), "h", SERVING, None) == Prompt(None, "1001")
    nobody = Serving("A1", "C", 1, None, 0, 10)
    assert scene.prompt(given_look, "h", nobody, None) is None


# --- strips ---


def own(version=7, **words):
    return indicators.read({"version": version, "asked": ["very_dissatisfied"], "levels": {"very_dissatisfied": words}})


def test_strips_hold_exactly_the_reasons_that_no_device_has():
    assert strips.pack(NATIONAL) is None
    assert strips.pack(own(**{"108": NATIONAL.words["very_dissatisfied"][108]})) is None
    data = strips.pack(own(**{"108": "别的说法", "109": NATIONAL.words["very_dissatisfied"][109], "190": "等候时间长"}))
    assert data[:3] == b"S2\x02"
    entries = [data[at : at + 10] for at in (3, 13)]
    assert [int.from_bytes(entry[:2], "big") for entry in entries] == [108, 190]
    begins = [int.from_bytes(entry[at : at + 4], "big") for entry in entries for at in (2, 6)]
    assert begins[0] == 23 and begins == sorted(begins)
    drawn = [asset.decode(data[a:b]) for a, b in zip(begins, [*begins[1:], len(data)], strict=True)]
    for found, (words, chosen) in zip(
        drawn, [("别的说法", False), ("别的说法", True), ("等候时间长", False), ("等候时间长", True)], strict=True
    ):
        assert found.size == (268, 36)
        assert found.tobytes() == asset.indexed(strips.draw(words, chosen)).tobytes()


def test_the_longest_reason_fits_its_row():
    words = "国" * indicators.MAX_WORDS
    for chosen in (False, True):
        picture = strips.draw(words, chosen)
        ink = asset.BACKGROUND if chosen else asset.INK
        paper = asset.INK if chosen else asset.BACKGROUND
        assert ink != paper
        assert picture.getpixel((264, 18)) == asset.BACKGROUND, "a margin at the right"
        assert picture.getpixel((256, 18)) == paper, "the words end before it"


def test_more_than_a_device_keeps_is_refused_by_name(monkeypatch):
    monkeypatch.setattr("gateway.screens.strips.MAX_BYTES", 2000)
    with pytest.raises(IndicatorError) as caught:
        strips.pack(own(**{"190": "等候时间长", "191": "没有为老年人提供帮办服务"}))
    assert caught.value.field == "levels"


# --- the shelf ---


def shelf(room: int = 10**9):
    held: dict[bytes, bytes] = {}

    def put(data):
        digest = hashlib.sha256(data).digest()
        held[digest] = data
        while len(held) > room:
            held.pop(next(iter(held)))
        return digest

    return Shelf(put, held.__contains__), held


def test_equal_prompts_are_drawn_once():
    made, held = shelf()
    first = made.prompt(Prompt("护照", "1001"))
    assert made.prompt(Prompt("护照", "1001")) == first and made.drawn == 1 and len(held) == 1
    assert made.prompt(Prompt("护照", "1002")) != first and made.drawn == 2
    assert made.prompt(None) is None


def test_what_had_to_give_way_is_drawn_again_when_it_is_wanted():
    made, held = shelf(room=1)
    first = made.prompt(Prompt("护照"))
    made.prompt(Prompt("签证"))
    assert first not in held
    assert made.prompt(Prompt("护照")) == first and first in held and made.drawn == 3


def test_the_shelf_remembers_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr("gateway.screens.shelf.MOST", 3)
    assert MOST >= 1000
    made, _ = shelf()
    for number in range(6):
        made.prompt(Prompt(None, str(number)))
    assert len(made._known) == 3


def test_a_text_that_cannot_be_drawn_costs_the_picture_and_nothing_else(monkeypatch, caplog):
    made, _ = shelf()
    monkeypatch.setattr("gateway.screens.prompt.font", lambda *_: 1 / 0)
    assert made.prompt(Prompt("护照")) is None
    assert "no picture" in caplog.text
    monkeypatch.undo()
    assert made.prompt(Prompt("护照"))


def test_strips_are_packed_once_and_put_back_when_they_gave_way():
    made, held = shelf()
    mine = own(**{"190": "等候时间长"})
    digest = made.strips(mine)
    assert held[digest] == strips.pack(mine)
    held.clear()
    assert made.strips(own(**{"190": "等候时间长"})) == digest and digest in held
    assert made.strips(NATIONAL) is None
