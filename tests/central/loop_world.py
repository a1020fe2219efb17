"""A bad rating with people and a clock around it: what the loop asks for is done to rows of timers, as a store will."""

from dataclasses import replace

from central.core.due import Row, due
from central.core.grounds import FIELDS
from central.core.handling import Action, Deed, Handling, Outcome
from central.core.loop import Moved, act, begin
from central.core.loop_effects import Audit, Effect, StartTimer, StopTimer
from central.core.loop_rules import LoopRules
from central.core.parties import Actor, Party, People
from central.core.refusal import Refusal

HOUR = 3_600_000
DAY = 24 * HOUR
#: A Monday morning in Beijing.
MORNING = 1_798_419_600_000

ORG, OFFICE = "pension-office", "review-office"
SYSTEM = Actor("system", Party.SYSTEM)
CITIZEN = Actor("citizen", Party.CITIZEN)
HANDLER = Actor("han", Party.HANDLER, ORG)
REVIEWER = Actor("rui", Party.REVIEWER, OFFICE)
SECOND_REVIEWER = Actor("rong", Party.REVIEWER, OFFICE)
SUPERVISOR = Actor("su", Party.SUPERVISOR, "region")
RATED = Actor("zhang", Party.STAFF, ORG)
PEOPLE = People(ORG, rated="zhang", involved=frozenset({"li"}))

#: Every field filled in.
FULL = {name: f"{title}：已写明" for name, title in FIELDS.items()}

#: In this world a limit is so many days. What the real ones are is the business of policies and calendar.
LIMITS = {"push": HOUR, "call_back": DAY, "appeal": 5 * DAY, "rectify": 15 * DAY, "escalate": 2 * DAY}


def limit_ms(timer: str) -> int:
    return LIMITS.get(timer.rpartition(".")[2], 5 * DAY)


class World:
    def __init__(self, rules: LoopRules, people: People = PEOPLE, now_ms: int = MORNING, **citizen):
        self.rules, self.now_ms = rules, now_ms
        self.rows: dict[tuple[str, int], Row] = {}
        self.effects: list[Effect] = []
        self.handling: Handling
        self._keep(begin(rules, people, now_ms, **citizen))

    @property
    def state(self) -> str:
        return str(self.handling.state)

    @property
    def words(self) -> list[str]:
        return [effect.words for effect in self.effects if isinstance(effect, Audit)]

    def dues(self) -> dict[str, int]:
        return {row.timer: row.due_ms for row in self.rows.values()}

    def do(self, action: Action, actor: Actor, fields=FULL, **content) -> Refusal | None:
        """None when it was done."""
        return self.perform(Deed(action, actor, fields, **content))

    def perform(self, deed: Deed) -> Refusal | None:
        answer = act(self.rules, self.handling, deed, self.now_ms, self.dues())
        if isinstance(answer, Refusal):
            return answer
        self._keep(answer)
        return None

    def must(self, action: Action, actor: Actor, fields=FULL, **content) -> None:
        refusal = self.do(action, actor, fields, **content)
        assert refusal is None, str(refusal)

    def wait(self, ms: int) -> list[str]:
        """Time passes and the scheduler comes round: the timers that fired."""
        self.now_ms += ms
        return self.tick()

    def tick(self) -> list[str]:
        fired = []
        while firings := due(self.rows.values(), self.now_ms):
            for firing in firings:
                row = firing.row
                self.rows[row.timer, row.start_ms] = replace(row, fired_ms=self.now_ms)
                self.must(row.fires, SYSTEM, timer=row.timer)
                fired.append(row.timer)
        return fired

    def _keep(self, moved: Moved) -> None:
        self.handling = moved.handling
        self.effects += moved.effects
        for effect in moved.effects:
            if isinstance(effect, StopTimer):
                self.rows = {key: row for key, row in self.rows.items() if row.timer != effect.timer}
            elif isinstance(effect, StartTimer):
                due_ms = effect.until_ms or effect.start_ms + limit_ms(effect.timer)
                timer = self.rules.timer(effect.timer)
                row = Row("one", effect.timer, effect.start_ms, due_ms, timer.fires)
                self.rows[effect.timer, effect.start_ms] = row


def called_back(rules: LoopRules, people: People = PEOPLE, **citizen) -> World:
    """Pushed, and the citizen was reached."""
    world = World(rules, people, **citizen)
    world.must(Action.PUSH, SYSTEM)
    world.must(Action.CALL_BACK, HANDLER)
    return world


def tried_twice(world: World) -> None:
    """Two calls on two days that reached nobody."""
    for _ in range(2):
        world.must(Action.ATTEMPT, HANDLER, outcome=Outcome.NO_ANSWER)
        world.wait(DAY)
