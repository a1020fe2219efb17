"""One scripted life of a journal, and the flash before each of its operations: where a cut or rot may strike."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.journal_twin import BROKEN, Life, State, demand
from simulator.vm import nor

BLOCKS = 8
_RECORDS = 150  # the ring goes round more than once


@dataclass(frozen=True)
class Moment:
    """The power is on, and one flash operation is about to happen.

    ``again`` does it on another partition; ``before`` and ``after`` are the states that a mount may find if it is cut.
    """

    image: bytes
    again: Callable[[nor.Partition], object]
    before: State
    after: State


class _Watched(nor.Partition):
    """A partition that tells ``note`` of each operation before it happens."""

    def __init__(self, whole: nor.Partition, note: Callable[[Callable[[nor.Partition], object]], None]):
        super().__init__(whole.flash, whole.label, whole.start, whole.size)
        self._note = note

    def writeblocks(self, block_num: int, buf: Any, offset: int | None = None) -> None:
        data = bytes(buf)
        self._note(lambda partition: partition.writeblocks(block_num, data, offset))
        super().writeblocks(block_num, buf, offset)

    def ioctl(self, cmd: int, arg: int = 0) -> int | None:
        if cmd == 6:
            self._note(lambda partition: partition.ioctl(6, arg))
        return super().ioctl(cmd, arg)


class _Observed(Life):
    def __init__(self, path: Path):
        self.moments: list[Moment] = []
        super().__init__(path, BLOCKS)

    def watch(self, flash: nor.Flash) -> nor.Partition:
        return _Watched(flash.partition("journal"), self._note)

    def _note(self, again: Callable[[nor.Partition], object]) -> None:
        self.moments.append(Moment(Path(self.path).read_bytes(), again, self.state, self.after))


def moments(folder: Path) -> list[Moment]:
    """Live it once: boot, press, change, commit, event, receipts, ring wrap, full, room again, restart while pending.

    Raises Fault if the life itself goes wrong.
    """
    life = _Observed(folder / "script")
    steps = [
        life.boot(),
        life.press(b"one star" * 8),
        life.press(b"no, two" * 9),
        life.rating(2),
        life.event(),
    ]
    while life.journal.next_seq < _RECORDS:  # receipts follow four behind
        demand(
            life.press(b"a press" * 10) and life.rating(1 + life.journal.next_seq % 5), BROKEN, "a rating was refused"
        )
        life.receipt(life.journal.next_seq - 4)
        life.prepare()
    while life.press(b"the journal fills" * 4):
        demand(life.rating(), BROKEN, "a press was accepted and its record refused")
        life.prepare()
    steps += [life.journal.full, life.event(), life.receipt(life.journal.next_seq - 5), life.press(b"pending" * 10)]
    life.restart()
    steps += [life.boot(), life.event(), life.rating(1)]
    demand(all(steps), BROKEN, f"a step of the script failed: {steps.index(False) if False in steps else ''}")
    life.flash.close()
    return life.moments
