"""Boards. A device has a module ``hcp_board`` with ``make_board()`` on its path; the simulator's is in simulator/vm."""
