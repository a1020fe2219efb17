"""The order in which the application takes what happened: by the time of each, whoever was read first."""

from tests import micropython

PROGRAM = """
from firmware.app import App
from firmware.boards.board import Board

class Quiet(Board):
    def ticks_ms(self):
        return 1000

board = Quiet()
app = App(board, None, None)
for ticks, level in ((1100, 5), (1300, 4), (1400, 3)):
    board.edges.put(ticks, level - 1, True)
    board.edges.put(ticks + 25, level - 1, False)
app._inbox = [(50, "scene", "A"), (100, "scene", "B"), (350, "scene", "C")]
for _ in range(7):
    item = app._next()
    print(item and "%d %s %s" % (item[0], item[1], item[2][0]))
# a key goes down, a scene comes, and only then it is sure that the key was pressed
board.edges.put(1500, 0, True)
app._inbox = [(510, "scene", "D")]
print(app._next(), app._keys.next_ms())
board.edges.put(1520, 0, False)
for _ in range(2):
    item = app._next()
    print("%d %s %s" % (item[0], item[1], item[2][0]))
"""


def test_a_press_overtakes_no_scene_and_no_scene_overtakes_a_press():
    assert micropython.run(PROGRAM).splitlines() == [
        "50 scene A",
        "100 press 5",
        "100 scene B",
        "300 press 4",
        "350 scene C",
        "400 press 3",
        "None",
        "None 520",
        "500 press 1",
        "510 scene D",
    ]
