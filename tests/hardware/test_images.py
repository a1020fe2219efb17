"""The pictures in the tree are small, and each of them is shown by a page."""

import re

from hcp.pinout import ROOT

IMAGES = ROOT / "hardware" / "images"
MOST_BYTES = 200_000


def test_every_picture_is_small_and_shown_somewhere():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "hardware").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"!\[[^]]+\]\([^)]*images/([^)]+)\)", page)}
    there = {path.name: path.stat().st_size for path in IMAGES.iterdir()}
    assert there.keys() - shown == set(), "no page of hardware/ shows it"
    assert {name for name, size in there.items() if size > MOST_BYTES} == set()
