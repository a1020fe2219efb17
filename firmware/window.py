"""Which records to send (SPEC 6.4). Pure: seqs and uptimes in ms go in."""

WINDOW = 8  # records without a receipt in flight
RESEND_MS = 10000  # without a receipt that moves
HOLD_MS = 600000  # the longest that a gateway is left alone, whatever it says


class SendWindow:
    """Which records to send. ``never_sent`` is the first seq that no earlier start can have sent."""

    def __init__(self, never_sent: int):
        self._never_sent = never_sent
        self._next = 1
        self._first_sent: dict = {}  # seq -> uptime of the sending that was its first ever, this connection only
        self._early: list = []
        self._moved_ms = 0
        self._hold_ms = 0
        self._most = WINDOW

    def connected(self, receipted: int, now_ms: int) -> None:
        """A new connection: begin again after the last receipt."""
        self._next = receipted + 1
        self._first_sent = {}
        self._moved_ms = now_ms

    def take(self, receipted: int, next_seq: int, now_ms: int) -> int | None:
        """The seq to send now, or None. It counts as sent."""
        if now_ms < self._hold_ms:
            return None
        seq = max(self._next, receipted + 1)
        if seq > receipted + 1 and now_ms - self._moved_ms >= RESEND_MS:
            seq = receipted + 1
            self._moved_ms = now_ms
        if seq >= next_seq or seq > receipted + self._most:
            return None
        if seq == receipted + 1:
            self._moved_ms = now_ms  # the time to wait for a receipt begins with the first record in flight
        if seq >= self._never_sent:
            self._never_sent = seq + 1
            if seq not in self._early:
                self._first_sent[seq] = now_ms
        self._next = seq + 1
        return seq

    def early(self, seq: int) -> None:
        """A record goes before its turn: a receipt for it may be older than its sending in turn."""
        self._early.append(seq)

    def receipt(self, seq: int, now_ms: int) -> int | None:
        """A receipt moved up to ``seq``. Gives the uptime of a sending that shows it is fresh (SPEC 8.1), or None."""
        self._moved_ms = now_ms
        fresh = None
        for sent in sorted(self._first_sent):
            if sent <= seq:
                fresh = self._first_sent.pop(sent)
        return fresh

    def hold(self, ms: int, now_ms: int) -> None:
        """The gateway cannot store more for so long (SPEC 5.2): then it is asked with one record. 0: it can again."""
        if ms or self._most < WINDOW:
            self._hold_ms = now_ms + min(ms, HOLD_MS)
            self._moved_ms = self._hold_ms - RESEND_MS  # what was in flight was not kept: its time has come then
        self._most = 1 if ms else WINDOW

    def wake_ms(self, receipted: int, now_ms: int) -> int | None:
        """The uptime at which ``take`` may answer otherwise though nothing happened."""
        if now_ms < self._hold_ms:
            return self._hold_ms
        return self._moved_ms + RESEND_MS if self._next > receipted + 1 else None
