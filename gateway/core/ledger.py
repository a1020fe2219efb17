"""The ledger's equation (docs/ledger.md): every frame that came in is in exactly one place.

received = pending + synced + duplicate + rejected + quarantined
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One device's frames since the ledger was opened; the device is empty for frames of no known one."""

    device: str
    received: int
    pending: int
    synced: int
    duplicate: int
    rejected: int
    quarantined: int

    @property
    def gap(self) -> int:
        """Frames that came in and are nowhere; below zero: that are somewhere and never came in."""
        ended = self.pending + self.synced + self.duplicate + self.rejected + self.quarantined
        return self.received - ended


@dataclass(frozen=True, slots=True)
class Balance:
    """The hall's sum, and what is wrong: one line for each account that does not add up."""

    total: Account
    wrong: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        return not self.wrong


def check(accounts: Iterable[Account], pending: Mapping[str, int], rejected: Mapping[str, int]) -> Balance:
    """Whether each account adds up, and says what the tables themselves say: ``pending`` and ``rejected`` by device."""
    accounts = list(accounts)
    wrong = []
    for account in accounts:
        name = account.device or "(no known device)"
        if account.gap:
            wrong.append(f"{name}: {account.gap:+d} of {account.received} received are in no place")
        for word, counted, held in (
            ("pending", account.pending, pending.get(account.device, 0)),
            ("rejected", account.rejected, rejected.get(account.device, 0)),
        ):
            if counted != held:
                wrong.append(f"{name}: {counted} counted as {word}, {held} there")
        if min(account.synced, account.duplicate, account.quarantined) < 0:
            wrong.append(f"{name}: a count below zero")
    for device in sorted((set(pending) | set(rejected)) - {account.device for account in accounts}):
        wrong.append(f"{device}: it has records for central, and no account")
    names = ("received", "pending", "synced", "duplicate", "rejected", "quarantined")
    total = Account("", *(sum(getattr(account, name) for account in accounts) for name in names))
    return Balance(total, tuple(wrong))
