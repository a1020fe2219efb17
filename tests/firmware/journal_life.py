"""The life of a journal beside its twin, for the tests; ``simulator.journal_twin`` says what it demands."""

from simulator.journal_twin import KID, Fault, Life, State

__all__ = ["KID", "Fault", "Life", "State"]
