"""Crash proof: kills, power cuts, full disks, forgetful brokers and lost replies, judged by an oracle (DESIGN §8).

``oracle`` is the bookkeeping, ``faults.c`` and ``shim`` are the faults below SQLite, ``nursery`` runs the gateway that
suffers them, ``fleet`` its devices; one module for each kind of fault: ``kills``, ``cuts``, ``space``, ``amnesia``,
``replies``.
"""
