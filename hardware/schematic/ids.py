"""The ids of everything in the schematic: made from what it is, so that two builds give the same."""

import uuid

from hardware.sexp import Text

PROJECT = "haochaping"
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:haochaping:hardware")


def make(*what: object) -> Text:
    """The id of a thing that these words name."""
    return Text(uuid.uuid5(_SPACE, "/".join(map(str, what))))


ROOT = make("root")


def sheet(block: str) -> Text:
    """The id of a block's sheet on the root."""
    return make("sheet", block)


def symbol(ref: str) -> Text:
    return make("symbol", ref)


def sheet_path(block: str) -> str:
    """The path of a block's sheet, as instances name it."""
    return f"/{ROOT}/{sheet(block)}"


def board_path(block: str, ref: str) -> str:
    """What a footprint's ``path`` has to be so that KiCad finds its symbol."""
    return f"/{sheet(block)}/{symbol(ref)}"
