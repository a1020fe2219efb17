"""``hcp sim powercut`` finds nothing in our journal, and finds what is planted."""

import json
import random

import pytest
import typer
from typer.testing import CliRunner

from firmware import journal_format as form
from firmware.journal import Journal, JournalFull
from firmware.journal_blocks import Blocks
from hcp.powercut_command import powercut_command
from simulator import powercut
from simulator.vm import nor


@pytest.mark.requirement("JX-3.1b", "LZ-2.1.4c")
def test_cuts_and_rot_break_no_promise():
    done = []
    result = powercut.run(800, seed=2, progress=lambda *told: done.append(told))
    assert result.complaints == [] and result.ok
    assert result.cuts == 800 + result.second_cuts and result.second_cuts >= 800
    assert result.rotted == 160 and result.rot_declared > 15
    assert min(result.flavours.values()) > 150
    assert done[-1] == (960, 960) and len(done) == 960


def test_enough_cuts_reach_every_operation_in_every_flavour():
    plan = powercut._plan(1300, powercut.CUTS, random.Random(1))
    assert len(plan) >= powercut.CUTS
    assert {(index, flavour) for index, flavour, _ in plan} == {
        (index, flavour) for index in range(1300) for flavour in nor.FLAVOURS
    }
    assert len(powercut._plan(1300, 100, random.Random(1))) == 100


def forgets_presses(monkeypatch):
    def tentative(self, blob):
        if self.full:
            raise JournalFull
        self._pending = bytes(blob)

    monkeypatch.setattr(Journal, "tentative", tentative)


def writes_the_header_first(monkeypatch):
    put_header, put_entry = Blocks.put_header, Blocks.put_entry
    later = []

    def entry(self, block, generation, at, *what):
        if self.header(block) is None and at == 56:
            later.append((block, generation, at, *what))
            return True
        return put_entry(self, block, generation, at, *what)

    def header(self, block, *state):
        done = put_header(self, block, *state)
        while later:
            put_entry(self, *later.pop())
        return done

    monkeypatch.setattr(Blocks, "put_entry", entry)
    monkeypatch.setattr(Blocks, "put_header", header)


def commits_at_once(monkeypatch):
    def put_entry(self, block, generation, at, kind, seq, content):
        entry = form.pack_entry(form.block_salt(self._salt, generation), kind, seq, content)
        self._partition.writeblocks(block, entry, at)
        return True

    monkeypatch.setattr(Blocks, "put_entry", put_entry)


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (forgets_presses, "lost"),
        (writes_the_header_first, "lost"),
        (commits_at_once, "corrupt"),
    ],
)
def test_a_planted_fault_is_found(monkeypatch, plant, kind):
    plant(monkeypatch)
    result = powercut.run(500, seed=3)
    assert getattr(result, kind) > 0, result
    assert not result.ok and result.complaints


def invoke(*arguments):
    app = typer.Typer()
    app.command()(powercut_command)
    return CliRunner().invoke(app, list(arguments))


def test_the_command_answers_in_json_and_by_its_exit_code(monkeypatch):
    done = invoke("--cuts", "40", "--seed", "5", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0 and found["ok"]
    assert {name: found[name] for name in ("seed", "lost", "duplicated", "corrupt", "broken", "rot_faults")} == {
        "seed": 5, "lost": 0, "duplicated": 0, "corrupt": 0, "broken": 0, "rot_faults": 0,
    }  # fmt: skip
    assert found["cuts"] >= 40 and found["rotted"] == 8
    forgets_presses(monkeypatch)
    assert invoke("--cuts", "300", "--json").exit_code == 1
