"""The device as text: circuit, board, case, panel and guides, and the checks that hold them together."""
