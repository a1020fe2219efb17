"""Start of the device: find identity and journal, run the application for ever."""

import asyncio
import sys

import machine
from esp32 import Partition
from hcp_board import make_board

from firmware import identity
from firmware.app import App
from firmware.journal import Journal


def main() -> None:
    board = make_board()
    who = identity.load(Partition.find(Partition.TYPE_DATA, label="identity")[0])
    if who is None:
        board.show("not_enrolled", ())
        asyncio.run(board.listen())
    journal = Journal(Partition.find(Partition.TYPE_DATA, label="journal")[0], who.device)
    asyncio.run(App(board, who, journal).run())


try:
    main()
except Exception as error:  # the very top: a device that stopped here would stand at a prompt
    sys.print_exception(error)
    machine.reset()
