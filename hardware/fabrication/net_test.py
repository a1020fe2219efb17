"""IPC-D-356, what a bare board is tested against: its pads and nets are those of the circuit."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from hardware.fabrication.refusal import refuse

#: The format has 14 columns for a net's name; KiCad keeps the last ones, in capitals.
_COLUMNS = 14


def check(text: str, nets: Mapping[str, Iterable[tuple[str, str]]]) -> int:
    """How many pads the test of the bare board touches. Raises HardwareError unless its nets are those of the circuit:
    net → (reference, pad). Pads on no net have to be alone."""
    found = {}
    for line in text.splitlines():
        record = re.match(r"3[12]7(.{14})   (.{6})-(.{4})", line)
        if record:
            found[record[2].strip(), record[3].strip()] = record[1].strip()
    wanted = {pad: net for net, pads in nets.items() for pad in pads}
    by_column = {net[-_COLUMNS:].upper(): net for net in nets}
    wrong = []
    for (ref, pad), net in sorted(wanted.items()):
        column = found.get((ref, pad), "")
        if column.upper() != net[-_COLUMNS:].upper():
            at = by_column.get(column.upper(), column) or "no net"
            wrong.append(f"{ref} pad {pad}: on {at} in the test netlist, the circuit has it on {net}")
    open_pads = Counter(column for pad, column in found.items() if pad not in wanted)
    for (ref, pad), column in sorted(found.items()):
        if (ref, pad) not in wanted and (open_pads[column] > 1 or column.upper() in by_column):
            wrong.append(f"{ref} pad {pad}: on {column} in the test netlist, the circuit leaves it open")
    refuse(wrong, "board.d356: ")
    return len(found)
