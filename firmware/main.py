"""Start of the device: find identity and journal, run the application for ever.

What cannot work shows a code and a line in the log, and never loops:

    E01  not enrolled: the identity partition is blank, or holds keys only
    E02  the identity is damaged: no copy can be read
    E03  the partition table lacks "identity" or "journal", or the journal is too small
    E04  a file of the firmware cannot be imported
    E05  it keeps failing: the device restarts slowly; if only the network's side fails, ratings are taken (see crash)
    E06  the flash of the journal cannot be read or written

E01 to E03 stand until somebody comes; E04 to E06 restart after a while, later each time.
"""

import asyncio
import gc
import sys
import time

import machine

REPL_MS = 3600000  # for a technician at the prompt: the watchdog does not stop, but may be given more time
_LOOK_MS = 5000
_DARK_MS = 10000


def main() -> None:
    gc.threshold(16384)  # what stays then lies close together, and a handshake finds its memory in one piece
    # here and below, what is imported late may be the file that is damaged
    from hcp_board import make_board

    from firmware.crash import LOOP, pause_ms

    board = make_board()
    board.feed()
    board.why = board.crashes.start(board.cause())
    code, error = "E04", None
    streak = board.crashes.streak
    if board.crashes.stuck or (board.crashes.looping and board.why != "crash"):
        # it hung, or died without a word: wait before the next try, not after it
        asyncio.run(_stand(board, code if board.crashes.stuck else "E05", pause_ms(max(streak, LOOP + 1))))
        board.anew()
    try:
        from firmware import start  # it imports all that the application needs

        code = "E05"
        board.crashes.loaded()
        code, run = start.prepare(board)
        if run is not None:
            asyncio.run(run)
    except Exception as raised:  # whatever ended the application, or a file that is not what it should be
        error = raised
        sys.print_exception(error)
        board.crashes.note(error, "main", board.ticks_ms())
        if code != "E04" and isinstance(error, OSError):
            code = "E06"
    wait_ms = None
    if error is not None:
        wait_ms = pause_ms(max(streak, LOOP + 1) if code == "E04" else streak)
    if wait_ms != 0:
        board.anew()  # without what is left of the application
        asyncio.run(_stand(board, code, wait_ms))
    board.reset()


class _Over(Exception):
    pass


async def _stand(board, code, ms):
    """Show the code for ``ms``, or for ever if None, with the watchdog fed."""
    board.log("%s for %s ms" % (code, ms))
    if code == "E01":
        board.show("not_enrolled", (code,))
    else:
        board.show(code, ())
    try:
        await asyncio.gather(_listen(board), _wait(board, ms))
    except _Over:
        pass


async def _listen(board):
    try:
        await board.listen()
    except Exception as error:  # the keys may be what failed, but nobody waits for them here
        sys.print_exception(error)


async def _wait(board, ms):
    began = board.ticks_ms()
    while True:
        passed = (board.ticks_ms() - began) & 0x3FFFFFFF
        if ms is not None and passed >= ms:
            raise _Over()
        board.feed()
        await board.wait(asyncio.Event(), _LOOK_MS if ms is None else min(_LOOK_MS, ms - passed))


try:
    main()
except KeyboardInterrupt:
    machine.WDT(timeout=REPL_MS)
    raise
except Exception as error:  # no board to show anything on
    sys.print_exception(error)
    time.sleep_ms(_DARK_MS)
    machine.reset()
