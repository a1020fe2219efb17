"""docs/loop.md keeps up with the table."""

from pathlib import Path

import pytest

from tests.central.loop_diagram import diagram, table

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "loop.md").read_text(encoding="utf-8")


@pytest.mark.requirement("WZ-A1")
def test_the_diagram_in_the_manual_is_drawn_from_the_table():
    assert f"```mermaid\n{diagram()}```\n" in PAGE
    assert "derived from 第十二条" in PAGE


def test_the_states_in_the_manual_are_those_of_the_table():
    assert table() in PAGE
