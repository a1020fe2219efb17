"""Random lives with random cuts against the twin (journal_life.py). A failure is the shortest life that breaks it."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocol import record
from simulator.vm import nor
from tests.firmware.journal_life import Life

LEVELS = st.integers(1, 5)


class JournalMachine(RuleBasedStateMachine):
    @initialize(blocks=st.integers(6, 9))
    def build(self, blocks):
        self.folder = tempfile.TemporaryDirectory()
        self.life = Life(Path(self.folder.name) / "flash", blocks)

    @rule(blob=st.binary(max_size=200))
    def press(self, blob):
        self.life.press(blob)

    @rule(level=LEVELS, kind=st.sampled_from((record.RATING, record.SELFTEST)))
    def commit(self, level, kind):
        promised, cuts = self.life.state.pending is not None, self.life.cuts
        done = self.life.rating(level, kind)
        assert done or not promised or self.life.cuts > cuts, "a press was accepted and its record refused"

    @rule()
    def event(self):
        self.life.event()

    @rule(count=st.integers(1, 40), idle=st.booleans(), behind=st.none() | st.integers(0, 30))
    def rush_hour(self, count, idle, behind):
        for _ in range(count):
            self.life.rate()
            if idle:
                self.life.prepare()
            if behind is not None:
                self.life.receipt(len(self.life.state.records) - behind)

    @rule(part=st.floats(0, 1))
    def receipt(self, part):
        state = self.life.state
        self.life.receipt(state.receipted + round(part * (len(state.records) - state.receipted)))

    @rule()
    def everything_is_receipted(self):
        cuts = self.life.cuts
        self.life.receipt(len(self.life.state.records))
        if self.life.cuts == cuts:
            assert not self.life.journal.full and self.life.journal.used_permille == 0

    @rule()
    def idle(self):
        self.life.prepare()

    @rule()
    def reboot(self):
        self.life.restart()
        self.life.boot()

    @rule(operations=st.integers(1, 60), flavour=st.sampled_from(nor.FLAVOURS), seed=st.integers(0, 999))
    def cut_soon(self, operations, flavour, seed):
        self.life.cut_in(operations, flavour, seed)

    @rule(flavour=st.sampled_from(nor.FLAVOURS), seed=st.integers(0, 999), times=st.integers(1, 12))
    def flicker(self, flavour, seed, times):
        for index in range(times):
            self.life.cut_in(1 + (seed + index) % 4, flavour, seed + index)
            self.life.boot()

    @invariant()
    def full_means_full(self):
        if hasattr(self, "life"):
            journal = self.life.journal
            assert journal.full == (journal.used_permille == 1000)
            assert journal.next_seq == len(self.life.state.records) + 1

    def teardown(self):
        if hasattr(self, "life"):
            self.life.restart()
            self.life.flash.close()
            self.folder.cleanup()


JournalMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=30)
TestJournal = JournalMachine.TestCase
