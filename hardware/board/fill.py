"""Fills the zones of a board file: ``/usr/bin/python3 fill.py unfilled.kicad_pcb filled.kicad_pcb``.

The one step that needs KiCad's own module ``pcbnew``, which belongs to the distribution's Python. The third argument of
SaveBoard keeps it from writing a project file beside the board, without our rules.
"""

import sys

import pcbnew

if __name__ == "__main__":
    board = pcbnew.LoadBoard(sys.argv[1])
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())
    pcbnew.SaveBoard(sys.argv[2], board, True)
