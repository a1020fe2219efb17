"""The scripted truth of a story against what central holds.

The story writes down what a person in the hall would swear to: which star was pressed at which window, whether the
light answered, and who was being served. This module lays that list beside central's, device by device, and counts.
It knows nothing of queues, chains or receipts, and reads no counter of the code under test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

#: A service of a case, as the business system numbers it.
Service = tuple[str, int]


@dataclass(frozen=True)
class Press:
    """One citizen's rating as it happened.

    ``levels`` holds every star that may stand (more than one only if the power went before the light answered the last
    press); ``sure`` is True if at least one press was answered by light; ``service`` is who was being served, or None.
    """

    device: str
    window: str
    levels: frozenset[int]
    service: Service | None
    staff: str | None
    sure: bool = True


@dataclass(frozen=True)
class Held:
    """One rating as a system under test holds it. ``status`` is the binding's: bound, unbound or ambiguous."""

    device: str
    seq: int
    level: int
    status: str
    service: Service | None = None
    staff: str | None = None
    counted: bool = False


@dataclass
class Truth:
    """What the people in the hall would swear to. ``forged`` and ``refused`` count the attacker's tries."""

    presses: list[Press] = field(default_factory=list)
    silent: list[Service] = field(default_factory=list)
    forged: int = 0
    refused: int = 0


@dataclass
class Account:
    """What became of the presses of one window, or of the whole story."""

    pressed: int = 0
    central: int = 0
    bound: int = 0
    unbound: int = 0
    ambiguous: int = 0
    lost: int = 0
    duplicated: int = 0
    misbound: int = 0
    complaints: list[str] = field(default_factory=list)
    matched: list[tuple[Press, Held]] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        for name in ("pressed", "central", "bound", "unbound", "ambiguous", "lost", "duplicated", "misbound"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.complaints += other.complaints
        self.matched += other.matched


def compare(presses: Sequence[Press], held: Sequence[Held], silent: Sequence[Service] = ()) -> dict[str, Account]:
    """One ``Account`` for each device, by id.

    ``presses`` of one device are in the order in which they happened; ``silent`` are services whose citizens pressed
    nothing.
    """
    devices = sorted({press.device for press in presses} | {rating.device for rating in held})
    accounts = {}
    for device in devices:
        mine = [press for press in presses if press.device == device]
        theirs = sorted((rating for rating in held if rating.device == device), key=lambda rating: rating.seq)
        accounts[device] = _account(mine, theirs)
    _count_twice(held, accounts)
    for rating in held:
        if rating.service in silent:
            account = accounts[rating.device]
            account.misbound += 1
            account.complaints.append(f"{rating.service}: nobody pressed, yet {rating.device}/{rating.seq}")
    return accounts


def _account(presses: list[Press], held: list[Held]) -> Account:
    account = Account(pressed=sum(press.sure for press in presses), central=len(held))
    for press, rating in _align(presses, held):
        if rating is None:
            assert press is not None
            if press.sure:
                account.lost += 1
                account.complaints.append(f"{press.device}: lost {sorted(press.levels)} of {press.service}")
            continue
        setattr(account, rating.status, getattr(account, rating.status) + 1)
        if press is None:
            account.duplicated += 1
            account.complaints.append(f"{rating.device}/{rating.seq}: level {rating.level}, but nobody pressed it")
            continue
        account.matched.append((press, rating))
        if not _rightly_bound(press, rating):
            account.misbound += 1
            account.complaints.append(
                f"{rating.device}/{rating.seq}: bound to {rating.service} and {rating.staff},"
                f" pressed for {press.service} and {press.staff}"
            )
    return account


def _rightly_bound(press: Press, rating: Held) -> bool:
    # saying "I do not know" is never wrong, only less than hoped
    if rating.status != "bound":
        return True
    return rating.service == press.service and rating.staff == press.staff


def _align(presses: list[Press], held: list[Held]) -> list[tuple[Press | None, Held | None]]:
    """The cheapest way to lay the two ordered lists side by side (Levenshtein, with prices that name the faults)."""
    lost, invented, wrong = 10, 10, 1
    rows, columns = len(presses), len(held)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        cost[i][columns] = cost[i + 1][columns] + (lost if presses[i].sure else 0)
    for j in range(columns - 1, -1, -1):
        cost[rows][j] = cost[rows][j + 1] + invented
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            best = min(cost[i + 1][j] + (lost if presses[i].sure else 0), cost[i][j + 1] + invented)
            if held[j].level in presses[i].levels:
                best = min(best, cost[i + 1][j + 1] + (0 if _rightly_bound(presses[i], held[j]) else wrong))
            cost[i][j] = best
    pairs: list[tuple[Press | None, Held | None]] = []
    i = j = 0
    while i < rows or j < columns:
        here = cost[i][j]
        if i < rows and j < columns and held[j].level in presses[i].levels:
            price = 0 if _rightly_bound(presses[i], held[j]) else wrong
            if here == cost[i + 1][j + 1] + price:
                pairs.append((presses[i], held[j]))
                i, j = i + 1, j + 1
                continue
        if i < rows and here == cost[i + 1][j] + (lost if presses[i].sure else 0):
            pairs.append((presses[i], None))
            i += 1
        else:
            pairs.append((None, held[j]))
            j += 1
    return pairs


def _count_twice(held: Sequence[Held], accounts: dict[str, Account]) -> None:
    """One service, one rating: a second one that is counted is a duplicate, whoever pressed it."""
    seen: set[Service] = set()
    for rating in sorted(held, key=lambda rating: (rating.device, rating.seq)):
        if rating.service is None or not rating.counted:
            continue
        if rating.service in seen:
            accounts[rating.device].duplicated += 1
            accounts[rating.device].complaints.append(f"{rating.service}: counted twice")
        seen.add(rating.service)
