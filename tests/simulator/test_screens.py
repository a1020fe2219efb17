"""Every screen, drawn by the firmware in the real VM: as the golden pictures, readable, and neutral."""

import math
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from firmware.display import CHARS, STAR_X, STAR_Y, WIDTH
from firmware.screen import SCREENS
from gateway.screens.asset import COLOURS, AssetError, decode, encode, indexed
from simulator import draw_screens, screens
from simulator.canvas import Canvas
from simulator.device import DeviceOff
from simulator.screens import State

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "screens"
STATES = screens.states()
RENEW = "if it is meant: hcp sim screens --out tests/golden/screens --sheet docs/images/screens.png"
RENEW += " --scenes docs/images/scenes.png"


@pytest.fixture(scope="module")
def drawn():
    return dict(zip(STATES, screens.draw(STATES.values()), strict=True))


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def same(one, other):
    return ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox() is None


def test_the_assets_are_what_the_words_say_and_no_screen_is_forgotten():
    assert {f"{name}.bin" for name in SCREENS} <= {path.name for path in draw_screens.ASSETS.glob("*.bin")}
    stale = list(draw_screens.out_of_date())
    assert not stale, f"{stale}; try: python -m simulator.draw_screens"


def test_an_asset_that_shows_something_else_is_noticed(tmp_path):
    draw_screens.write(tmp_path)
    (tmp_path / "idle.bin").write_bytes((tmp_path / "paused.bin").read_bytes())
    (tmp_path / "thanks.bin").unlink()
    assert list(draw_screens.out_of_date(tmp_path)) == ["thanks.bin", "idle.bin"]


@pytest.mark.parametrize("name", STATES)
def test_the_firmware_draws_the_golden_picture(drawn, name, tmp_path):
    found = drawn[name].picture
    found.save(tmp_path / f"{name}.png")
    golden = GOLDEN / f"{name}.png"
    assert golden.exists(), RENEW
    assert same(found, Image.open(golden)), f"{tmp_path}/{name}.png differs from {golden}; {RENEW}"


def test_no_golden_picture_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(STATES), RENEW


def test_nothing_is_missing_and_no_slice_is_long(drawn):
    # 8 KB at 40 MHz are 1.6 ms; the rest of a slice is unpacking 640 bytes and looking 1280 pixels up
    assert [name for name, found in drawn.items() if found.missing] == []
    assert max(found.slice_bytes for found in drawn.values()) <= 8192
    assert max(found.memory for found in drawn.values()) <= 4096


def test_all_text_has_contrast():
    for ink, ground in draw_screens.TEXT_PAIRS:
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    for sign, ground in draw_screens.SIGN_PAIRS:
        assert contrast(sign, ground) >= 3, (sign, ground)
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)


@pytest.mark.parametrize("name", SCREENS)
def test_the_headline_is_high_enough_to_read_at_60_cm(name):
    """8 mm is three quarters of a degree there. Measured on the ink of each Chinese line, not on the font's box."""
    least = draw_screens.HEADLINE_MM * draw_screens.PX_PER_MM
    headline = re.split("[， ]", SCREENS[name][0])[0]
    for size in draw_screens.HEADLINE_PX:
        box = draw_screens.font(size).getbbox(headline)
        assert box[3] - box[1] >= least, (size, box, least)


def test_words_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setitem(SCREENS, "idle", ("欢迎" * 12, "Welcome"))
    with pytest.raises(draw_screens.TooLongError):
        draw_screens.screen("idle")


@pytest.mark.requirement("SP-7.2")
def test_every_star_gets_the_same_screen_but_for_the_star_itself(drawn):
    pictures = {level: drawn[f"chosen-{level}"].picture for level in (1, 2, 3, 4, 5)}
    row = (0, STAR_Y, WIDTH, STAR_Y + 48)
    for level, picture in pictures.items():
        box = ImageChops.difference(picture, pictures[level % 5 + 1]).getbbox()
        assert row[1] <= box[1] and box[3] <= row[3], "only the row of stars differs"
        for other in (1, 2, 3, 4, 5):
            cell = (STAR_X + 64 * (other - 1), STAR_Y, STAR_X + 64 * (other - 1) + 48, STAR_Y + 48)
            filled = draw_screens.star(other, other == level)
            assert same(picture.crop(cell), filled), "exactly the chosen star is full"


def test_filled_stars_are_equally_large_and_not_told_by_colour_alone():
    def gold(star):
        return sum(1 for index in star.tobytes() if index in (7, 8, 9))

    areas = [gold(draw_screens.star(level, True)) for level in (1, 2, 3, 4, 5)]
    outlines = [gold(draw_screens.star(level, False)) for level in (1, 2, 3, 4, 5)]
    assert max(areas) - min(areas) <= 80, "the number inside is all that differs"
    assert min(areas) > 1.5 * max(outlines)


def test_no_screen_but_the_chosen_one_shows_a_level():
    told = [{"light": [2, 8000, 0]}, {"show": ["thanks", []]}, {"draw": 0}, {"light": [5, 3000, 0]}, {"draw": 0}]
    first, second = screens.caught(told, GOLDEN)
    assert second.slices == 0 and same(first.picture, Image.open(GOLDEN / "thanks.png"))


def test_signs_are_told_apart_without_colour(drawn):
    def shape(name):
        grey = drawn[name].picture.convert("L").crop((100, 0, 220, 90))
        return grey.point(lambda value: 255 * (value > 90)).tobytes()

    kinds = ["thanks", "paused", "out_of_service", "full", "offline", "starting", "selftest", "idle"]
    assert len({shape(name) for name in kinds}) == len(kinds)


def test_a_picture_comes_back_as_it_was():
    picture = indexed(Image.linear_gradient("L").resize((WIDTH, 40)).convert("RGB"))
    for compressed in (True, False):
        assert decode(encode(picture, compressed), compressed).tobytes() == picture.tobytes()


CUT = encode(indexed(Image.new("RGB", (8, 8))))[:-2]


@pytest.mark.parametrize("asset", [b"", b"S1", b"XX\x01\x40\x00\x01", b"S1\x01\x40\x00\x08\xff\xff", CUT])
def test_rubbish_is_no_picture(asset):
    with pytest.raises(AssetError):
        decode(asset)


@pytest.mark.parametrize(
    "rectangle", [(0, 0, 1, 1, b"\0"), (319, 0, 2, 1, bytes(4)), (0, 239, 1, 2, bytes(4)), (-1, 0, 1, 1, bytes(2))]
)
def test_the_canvas_refuses_what_a_panel_could_not_show(rectangle):
    with pytest.raises(AssetError):
        Canvas().draw(*rectangle)


def test_the_canvas_shows_pixels_where_they_were_drawn():
    canvas = Canvas()
    canvas.draw(318, 239, 2, 1, b"\xff\xff\x11\x48")
    picture = canvas.picture()
    assert picture.getpixel((318, 239)) == (255, 255, 255)
    assert picture.getpixel((319, 239)) == COLOURS[0]
    assert picture.getpixel((317, 239)) == picture.getpixel((318, 238)) == (0, 0, 0)


def test_every_character_fits_its_cell():
    for char in CHARS.strip():
        cell = draw_screens.character(char)
        assert cell.size == (24, 48)
        assert len(set(cell.tobytes())) > 1, char
    assert math.isclose(draw_screens.PX_PER_MM, 5.62, abs_tol=0.01)


def test_states_cover_all_screens():
    assert {state.name for state in STATES.values()} == set(SCREENS)
    assert State("idle") in STATES.values()


def test_a_device_draws_what_it_says_after_its_light(hall, device):
    device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > 1)
    hall.scene(device.id, b"token--A")
    device.wait_screen("rate")
    assert same(device.picture(), Image.open(GOLDEN / "rate.png"))
    device.press(4)
    device.wait_light(4)
    device.wait_screen("chosen")
    row = (0, STAR_Y, WIDTH, STAR_Y + 48)
    assert same(device.picture().crop(row), Image.open(GOLDEN / "chosen-4.png").crop(row))
    hall.clock_ms += 8000
    device.advance(8000)
    device.wait_screen("thanks")
    assert same(device.picture(), Image.open(GOLDEN / "thanks.png"))
    assert max(device.stats().press_to_light_us) < 50_000


def test_without_power_there_is_no_picture(hall, device):
    device.wait_screen("idle")
    assert device.picture().getextrema() != ((0, 0),) * 3
    device.power_off()
    with pytest.raises(DeviceOff):
        device.picture()
