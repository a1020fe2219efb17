"""KiCad's electrical rules, each said to be an error: what a project leaves out has KiCad's own severity, and that is
"ignore" for some.
"""

#: As KiCad 9 calls them in a project; a test finds them in its program.
RULES = (
    "bus_definition_conflict", "bus_entry_needed", "bus_to_bus_conflict", "bus_to_net_conflict",
    "different_unit_footprint", "different_unit_net", "duplicate_pins", "duplicate_reference", "duplicate_sheet_names",
    "endpoint_off_grid", "extra_units", "footprint_filter", "footprint_link_issues", "four_way_junction",
    "global_label_dangling", "hier_label_mismatch", "label_dangling", "label_multiple_wires", "lib_symbol_issues",
    "lib_symbol_mismatch", "missing_bidi_pin", "missing_input_pin", "missing_power_pin", "missing_unit",
    "multiple_net_names", "net_not_bus_member", "no_connect_connected", "no_connect_dangling", "pin_not_connected",
    "pin_not_driven", "pin_to_pin", "power_pin_not_driven", "same_local_global_label", "similar_label_and_power",
    "similar_labels", "similar_power", "simulation_model_issue", "single_global_label", "unannotated",
    "unconnected_wire_endpoint", "undefined_netclass", "unit_value_mismatch", "unresolved_variable", "wire_dangling",
)  # fmt: skip

IGNORED: dict[str, str] = {}
"""Rule that is switched off → why. Kept empty if it can be."""


def severities() -> dict[str, str]:
    """What the project file says of the electrical rules."""
    return {rule: "ignore" if rule in IGNORED else "error" for rule in RULES}
