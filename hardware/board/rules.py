"""What the board asks of its maker, and what KiCad's rule check is told. Millimetres.

Every figure is met by the cheap four-layer service of any prototype maker (theirs: 0.1 to 0.127 track and gap, 0.2 to
0.3 hole, 0.2 to 0.3 edge); ours are looser, so nothing on the board costs extra.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CLEARANCE = 0.15
"""Between copper of two nets."""
TRACK = 0.2
VIA, VIA_HOLE = 0.6, 0.3
EDGE = 0.3
"""From copper to the board's edge."""
HOLE_TO_COPPER = 0.25
HOLE_TO_HOLE = 0.25
SPOKES = 1
"""Between a pad and a pour. Every pad of a plane's net has a via of its own, the pour on its layer is only besides."""
SILK_HEIGHT = 0.8

ROUTER_CLEARANCE = 0.18
"""The router keeps a little more: it knows tracks only as discs on its grid."""

WIDTHS = (TRACK, 0.4, 0.8)
"""Widths of the router: signals, supplies, what carries the current of a connector."""

WIDTH_OF: dict[str, float] = {
    **dict.fromkeys(("GND", "+3V3", "+5V", "ETH_3V3A", "BACKLIGHT", "BUZ_D"), 0.4),
    **dict.fromkeys(("AMP_P", "AMP_N", "SPK_P", "SPK_N"), 0.4),
    **dict.fromkeys(("VBUS", "VBUS_F", "ETH_SHIELD"), 0.8),
}
"""Net → width that the router takes where there is room; 0.2 otherwise."""


CLEARANCE_OF: dict[str, float] = {"ETH_SHIELD": 0.4}
"""Net → its own clearance: what comes in on a cable's shield must not find a shorter way than its capacitor."""


@dataclass(frozen=True)
class Pair:
    """Two nets that run beside each other, and what their copper is meant to be seen as."""

    nets: tuple[str, str]
    ohm: float
    width: float
    gap: float


@dataclass(frozen=True)
class Layer:
    """One sheet of the board; ``epsilon`` is None for copper."""

    name: str
    thickness: float
    epsilon: float | None = None
    kind: str = ""


#: Front to back: the makers' usual 1.6 mm four-layer stack with 7628 cloth (to be confirmed with the order). A field of
#: a front track ends on GND 0.21 mm below it.
STACK = (
    Layer("F.Cu", 0.035),
    Layer("dielectric 1", 0.2104, 4.4, "prepreg"),
    Layer("In1.Cu", 0.0152),
    Layer("dielectric 2", 1.065, 4.6, "core"),
    Layer("In2.Cu", 0.0152),
    Layer("dielectric 3", 0.2104, 4.4, "prepreg"),
    Layer("B.Cu", 0.035),
)

#: KiCad's rules of a board, as version 9 calls them in a project; a test has KiCad write one and compares. Each is said
#: to be an error: what a project leaves out has KiCad's own severity, and that is "ignore" for some.
RULES = (
    "annular_width", "clearance", "connection_width", "copper_edge_clearance", "copper_sliver", "courtyards_overlap",
    "creepage", "diff_pair_gap_out_of_range", "diff_pair_uncoupled_length_too_long", "drill_out_of_range",
    "duplicate_footprints", "extra_footprint", "footprint", "footprint_filters_mismatch", "footprint_symbol_mismatch",
    "footprint_type_mismatch", "hole_clearance", "hole_to_hole", "holes_co_located", "invalid_outline",
    "isolated_copper", "item_on_disabled_layer", "items_not_allowed", "length_out_of_range", "lib_footprint_issues",
    "lib_footprint_mismatch", "malformed_courtyard", "microvia_drill_out_of_range", "mirrored_text_on_front_layer",
    "missing_courtyard", "missing_footprint", "net_conflict", "nonmirrored_text_on_back_layer", "npth_inside_courtyard",
    "padstack", "pth_inside_courtyard", "shorting_items", "silk_edge_clearance", "silk_over_copper", "silk_overlap",
    "skew_out_of_range", "solder_mask_bridge", "starved_thermal", "text_height", "text_on_edge_cuts", "text_thickness",
    "through_hole_pad_without_hole", "too_many_vias", "track_angle", "track_dangling", "track_segment_length",
    "track_width", "tracks_crossing", "unconnected_items", "unresolved_variable", "via_dangling", "zones_intersect",
)  # fmt: skip

IGNORED: dict[str, str] = {}
"""Rule that is switched off → why. Kept empty if it can be."""


def severities() -> dict[str, str]:
    """What the project file says of KiCad's rules."""
    return {rule: "ignore" if rule in IGNORED else "error" for rule in RULES}


def settings(pairs: Iterable[Pair]) -> dict[str, Any]:
    """What the project file says of the board: rules, severities and net classes."""
    classes = [_net_class("Default", 2147483647)]
    patterns = []
    for index, pair in enumerate(pairs):
        title = "/".join(pair.nets)
        classes.append({**_net_class(title, index), "diff_pair_width": pair.width, "diff_pair_gap": pair.gap})
        patterns += [{"netclass": title, "pattern": f"*{net}"} for net in pair.nets]
    for net, clearance in CLEARANCE_OF.items():
        classes.append({**_net_class(net, len(classes)), "clearance": clearance})
        patterns.append({"netclass": net, "pattern": f"*{net}"})
    rules = {
        "min_clearance": CLEARANCE,
        "min_track_width": TRACK,
        "min_via_diameter": VIA,
        "min_via_annular_width": (VIA - VIA_HOLE) / 2,
        "min_through_hole_diameter": VIA_HOLE,
        "min_hole_clearance": HOLE_TO_COPPER,
        "min_hole_to_hole": HOLE_TO_HOLE,
        "min_copper_edge_clearance": EDGE,
        "min_connection": CLEARANCE,
        "min_resolved_spokes": SPOKES,
        "min_silk_clearance": 0.0,
        "min_text_height": SILK_HEIGHT,
        "min_text_thickness": 0.1,
        "solder_mask_to_copper_clearance": 0.0,
        "max_error": 0.005,
        "use_height_for_length_calcs": True,
    }
    return {
        "board": {"design_settings": {"rules": rules, "rule_severities": severities()}},
        "net_settings": {"classes": classes, "meta": {"version": 4}, "netclass_patterns": patterns},
    }


def _net_class(name: str, priority: int) -> dict[str, object]:
    return {
        "name": name,
        "clearance": CLEARANCE,
        "track_width": TRACK,
        "via_diameter": VIA,
        "via_drill": VIA_HOLE,
        "microvia_diameter": 0.3,
        "microvia_drill": 0.1,
        "diff_pair_width": TRACK,
        "diff_pair_gap": CLEARANCE,
        "diff_pair_via_gap": 0.25,
        "wire_width": 6,
        "bus_width": 12,
        "line_style": 0,
        "pcb_color": "rgba(0, 0, 0, 0.000)",
        "schematic_color": "rgba(0, 0, 0, 0.000)",
        "priority": priority,
    }
