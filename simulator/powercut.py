"""Power cuts at every flash operation of a journal's life, each followed by a restart and a second cut soon after.

The journal is the firmware's own code on the flash model ``vm/nor.py``; the judge is the twin in ``journal_twin``, who
knows what every call that returned has promised. After the cuts, flashes are damaged (``journal_rot``).
"""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simulator import journal_rot, journal_story
from simulator.journal_story import BLOCKS, Moment
from simulator.journal_twin import BROKEN, CORRUPT, DUPLICATED, LOST, Fault, Life, demand
from simulator.vm import nor

CUTS = 10_000
CUTS_FOR_ROT = 5  # as many cuts to each damaged flash
_COMPLAINTS = 10


@dataclass
class Result:
    """What the cuts did. ``cuts`` is the number of times that the power went; the faults are counted by kind.

    ``operations`` are those of the script, of which ``struck`` were cut; ``flavours`` says how often each kind of cut
    came first. ``rotted`` flashes were damaged: ``rot_declared`` of the mounts then listed a loss, ``rot_faults`` broke
    a promise.
    """

    seed: int
    operations: int = 0
    struck: int = 0
    cuts: int = 0
    second_cuts: int = 0
    flavours: dict[str, int] = field(default_factory=lambda: dict.fromkeys(nor.FLAVOURS, 0))
    restarts: int = 0
    lost: int = 0
    duplicated: int = 0
    corrupt: int = 0
    broken: int = 0
    rotted: int = 0
    rot_declared: int = 0
    rot_faults: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No promise was broken."""
        return not (self.lost or self.duplicated or self.corrupt or self.broken or self.rot_faults)

    def add(self, fault: Exception, where: str) -> None:
        """Count what a cut did; an exception that is no Fault is a device that does not start."""
        kind = fault.kind if isinstance(fault, Fault) else BROKEN
        self.lost += kind == LOST
        self.duplicated += kind == DUPLICATED
        self.corrupt += kind == CORRUPT
        self.broken += kind == BROKEN
        self.complain(fault, where)

    def complain(self, fault: Exception, where: str) -> None:
        """Keep the first few."""
        if len(self.complaints) < _COMPLAINTS:
            self.complaints.append(f"{where}: {type(fault).__name__} {fault}")


def run(cuts: int = CUTS, seed: int = 1, progress: Callable[[int, int], None] = lambda done, of: None) -> Result:
    """Cut ``cuts`` times or more, second cuts not counted, then damage a fifth as many flashes.

    ``progress`` hears how much of that is done. Enough cuts reach every operation in every flavour, the torn ones
    several times; fewer are spread by the seed.
    """
    result = Result(seed)
    with tempfile.TemporaryDirectory(prefix="hcp-powercut-") as folder:
        try:
            script = journal_story.moments(Path(folder))
        except Fault as fault:
            result.add(fault, "before the first cut")
            return result
        result.operations = len(script)
        plan = _plan(len(script), cuts, random.Random(seed))
        result.struck = len({index for index, _, _ in plan})
        rots = max(1, cuts // CUTS_FOR_ROT)
        flash = Path(folder) / "flash"
        for done, (index, flavour, cut_seed) in enumerate(plan):
            _strike(flash, script[index], flavour, cut_seed, result, f"operation {index + 1}")
            progress(done + 1, len(plan) + rots)
        dice = random.Random(seed)
        kinds = list(journal_rot.DAMAGES)
        for done in range(rots):
            index = dice.randrange(len(script))
            _rot(
                flash,
                script[index],
                kinds[done % len(kinds)],
                dice.randrange(1 << 30),
                result,
                f"operation {index + 1}",
            )
            progress(len(plan) + done + 1, len(plan) + rots)
    return result


def _rot(path: Path, moment: Moment, damage: str, seed: int, result: Result, where: str) -> None:
    result.rotted += 1
    try:
        found = journal_rot.strike(path, moment, damage, seed)
        result.rot_declared += bool(found.lost)
    except Exception as error:  # noqa: BLE001 - as below
        result.rot_faults += 1
        result.complain(error, f"before {where}, {damage}:{seed}")


def _plan(operations: int, cuts: int, dice: random.Random) -> list[tuple[int, str, int]]:
    """(operation, flavour, seed) of each first cut."""
    once = [(index, flavour) for index in range(operations) for flavour in nor.FLAVOURS]
    if cuts < len(once):
        once = sorted(dice.sample(once, cuts))
    # only these two differ from seed to seed
    torn = [(index, flavour) for index in range(operations) for flavour in ("torn", "bits")]
    more: list[tuple[int, str]] = []
    while len(once) + len(more) < cuts:
        more += torn
    return [(index, flavour, dice.randrange(1 << 30)) for index, flavour in sorted(once + more)]


def _strike(path: Path, moment: Moment, flavour: str, seed: int, result: Result, where: str) -> None:
    path.write_bytes(moment.image)
    flash = nor.Flash(str(path), (("journal", BLOCKS * nor.BLOCK),))
    flash.cut_in(1, flavour, seed)
    partition = flash.partition("journal")
    try:
        moment.again(partition)
    except nor.PowerCut:
        result.cuts += 1
        result.flavours[flavour] += 1
    finally:
        flash.close()
    life = None
    try:
        life = Life(path, BLOCKS, moment.before, moment.after)
        _live_on(life, seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a device that does not start: judged, not hidden
        result.add(error, f"{where}, {flavour}:{seed}")
    if life is not None:
        result.cuts += life.cuts
        result.second_cuts += life.cuts
        result.restarts += 2 + life.cuts
        life.flash.close()


def _live_on(life: Life, seed: int) -> None:
    """What a device does next, with a second cut within its first operations."""
    life.cut_in(1 + seed % 7, nor.FLAVOURS[seed // 7 % 4], seed)
    for _ in range(2):  # the second time without a cut
        life.boot()
        if life.journal.pending is None:
            life.press(b"another press" * 4)
        if life.journal.pending is not None:
            demand(life.rating(3) or life.cuts, BROKEN, "a press was accepted and its record refused")
        life.receipt(life.state.receipted + 2)
    demand(life.boot(), BROKEN, "no boot after the last cut")
    demand(life.journal.pending is None or life.rating(3), BROKEN, "a press was accepted and its record refused")
    life.restart()
