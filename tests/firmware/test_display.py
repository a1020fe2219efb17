"""The display draws only what changed, in slices, and does without what is missing or damaged."""

import pytest

from firmware.display import BAND, BAR, HEAD, HEIGHT, ROW, ROWS_Y
from gateway.core.scene import Prompt
from gateway.screens.shelf import prompt_asset
from simulator.draw_screens import BACKGROUND, INK
from simulator.screens import caught
from tests import micropython

BANDS = HEIGHT // BAND


def show(name, *lines, image=None):
    return {"show": [name, lines, image]}


def draw(now=0):
    return {"draw": now}


def light(level, ms, now=0):
    return {"light": [level, ms, now]}


def test_the_same_screen_again_draws_nothing(tmp_path):
    first, again, other = caught([show("idle"), draw(), show("idle"), draw(), show("paused"), draw()], tmp_path)
    assert first.slices == other.slices
    assert BANDS <= first.slices <= BANDS + 1
    assert again.slices == 0


def test_a_scene_with_the_same_picture_draws_nothing_and_a_new_one_leaves_the_head_alone(tmp_path):
    one, two = tmp_path / "one.bin", tmp_path / "two.bin"
    one.write_bytes(prompt_asset(Prompt("不动产登记", "0231", 4)))
    two.write_bytes(prompt_asset(Prompt("护照", "1002")))
    told = [show("rate", image=str(one)), draw(), show("rate", "x", image=str(one)), draw()]
    told += [show("rate", image=str(two)), draw(), show("rate"), draw()]
    first, same, second, without = caught(told, tmp_path)
    assert [found.slices for found in (first, same, second)] == [BANDS, 0, (HEIGHT - HEAD) // BAND]
    assert without.slices >= BANDS and without.missing == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda asset: b"XX" + asset[2:],
        lambda asset: asset[:200],
        lambda asset: asset[:100] + bytes(100),
        lambda asset: asset[:2] + b"\x01\x42" + asset[4:],  # too wide
        lambda asset: asset[:2] + b"\x01\x3f" + asset[4:],  # odd
        lambda asset: asset[:6] + b"\xff" * 50,
    ],
)
def test_a_damaged_picture_leaves_background_and_the_head_stands(tmp_path, spoil):
    path = tmp_path / "bad.bin"
    path.write_bytes(spoil(prompt_asset(Prompt("不动产登记", "0231", 4))))
    good, bad, after = caught(
        [show("rate"), draw(), show("rate", image=str(path)), draw(), show("idle"), draw()], tmp_path
    )
    assert bad.missing == 1 and good.missing == 0
    assert bad.picture.getpixel((300, HEIGHT - 2)) == BACKGROUND
    assert INK in set(bad.picture.crop((0, 0, 320, HEAD)).get_flattened_data())
    assert after.picture.getpixel((2, 2)) == BACKGROUND and after.missing == 1


def test_a_screen_without_an_asset_still_shows_its_code(tmp_path):
    (found,) = caught([show("no_such_screen", "E07"), draw()], tmp_path)
    assert found.missing == 1
    assert set(found.picture.crop((0, 0, 320, 180)).get_flattened_data()) == {BACKGROUND}
    assert INK in set(found.picture.crop((100, 190, 220, 240)).get_flattened_data())


def test_a_code_is_drawn_where_there_is_room_and_goes_with_its_screen(tmp_path):
    told = [show("not_enrolled"), draw(), show("not_enrolled", "E01"), draw(), show("not_enrolled"), draw()]
    told += [show("rate"), draw(), show("rate", "E05"), draw()]
    bare, coded, gone, rate, no_room = caught(told, tmp_path)
    assert bare.picture != coded.picture and gone.picture == bare.picture
    assert rate.picture == no_room.picture, "the words fill this screen: nothing is written over them"


def test_words_are_no_code(tmp_path):
    bare, words = caught([show("idle"), draw(), show("idle", "不动产登记", "No. 12"), draw()], tmp_path)
    assert bare.picture == words.picture


def test_a_changed_star_redraws_two_stars_and_the_end_of_the_window_stays(tmp_path):
    told = [light(4, 8000), show("chosen"), draw(), draw(2000), light(2, 5000, 3000), draw(3000), draw(8000)]
    first, later, changed, end = caught(told, tmp_path)
    assert first.slices > BANDS
    assert later.slices <= 2, "only the bar and the seconds"
    assert changed.slices <= 5

    def bar(found):
        x, y, width, _ = BAR
        return sum(found.picture.getpixel((x + at, y + 3)) == INK for at in range(width))

    assert [bar(found) for found in (first, later, changed, end)] == [288, 216, 180, 0]


def test_the_countdown_goes_over_the_wrap_of_the_ticks(tmp_path):
    period = 1 << 30
    told = [light(3, 8000, period - 4000), show("chosen"), draw(period - 4000), draw(2000)]
    first, later = caught(told, tmp_path)
    x, y, width, _ = BAR
    count = sum(later.picture.getpixel((x + at, y + 3)) == INK for at in range(width))
    assert count == width // 4
    assert first.picture != later.picture


def test_choosing_a_reason_redraws_its_row_alone(tmp_path):
    page = ("1 108", "2 109", "3 110", "4 111", "5 1/2")
    chosen = ("1 108", "2*109", "3 110", "4 111", "5 1/2")
    first, second, unknown = caught(
        [show("reasons", *page), draw(), show("reasons", *chosen), draw(), show("reasons", "1 9999"), draw()], tmp_path
    )
    assert second.slices == ROW // BAND
    assert second.picture.getpixel((300, ROWS_Y + ROW + 4)) == INK
    assert first.missing == 0 and unknown.missing == 1, "a code of another set: its row stays empty"
    assert unknown.picture.getpixel((10, ROWS_Y + ROW // 2)) != BACKGROUND, "the keys stay where they are"


PROGRAM = """
import gc
from firmware.display import Display
class Panel:
    drawn = 0
    def draw(self, x, y, w, h, data): self.drawn += 1
panel = Panel()
display = Display(panel)
display.show("idle")
steps = display.steps(0)
for _ in range(10): next(steps)
display.show("paused")
rest = len(list(steps))
fresh = len(list(display.steps(0)))
again = len(list(display.steps(0)))
gc.collect(); before = gc.mem_alloc()
for _ in range(20):
    display.show("idle"); list(display.steps(0)); display.show("paused"); list(display.steps(0))
gc.collect()
print(rest, fresh, again, gc.mem_alloc() - before)
"""


def test_another_screen_ends_a_drawing_early_and_nothing_stays_in_memory():
    rest, fresh, again, kept = map(int, micropython.run(PROGRAM).split())
    assert rest == 0, "the old screen is not drawn to its end"
    assert fresh >= BANDS and again == 0
    assert kept <= 512
