"""Random people, random times, a scheduler that is killed, late or runs twice: what holds in every history."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from central.core.due import due
from central.core.handling import OPEN, TERMINAL, Action, Deed, State
from central.core.loop import OWNERS, act, possible
from central.core.loop_effects import Adopt, Confirmed, Owns, Withdrawn
from central.core.parties import Party
from tests.central.loop_walk import ACTORS, ENTITLED, SHIPPED, contents
from tests.central.loop_world import DAY, HANDLER, HOUR, MORNING, SECOND_REVIEWER, SYSTEM, World

#: What the owner of a state does to bring it to its end.
ONWARD = {
    State.ARRIVED: (Action.PUSH, SYSTEM),
    State.PUSHED: (Action.CALL_BACK, HANDLER),
    State.VERIFYING: (Action.CONFIRM, HANDLER),
    State.APPEALED: (Action.REJECT, SECOND_REVIEWER),
    State.INVALID: (Action.FILE, HANDLER),
    State.INVALID_REVIEW: (Action.REJECT, SECOND_REVIEWER),
    State.RECTIFYING: (Action.REPLY, HANDLER),
    State.REPLY_REVIEW: (Action.ACCEPT, SECOND_REVIEWER),
    State.FEEDBACK: (Action.FEED_BACK, HANDLER),
}


REVIEWERS = [each for each in ACTORS if each.party is Party.REVIEWER]


class Histories(RuleBasedStateMachine):
    @initialize(
        name=st.sampled_from(sorted(SHIPPED)),
        reasons=st.lists(st.sampled_from(["214", "209", "113"]), max_size=2),
        contact=st.booleans(),
        text=st.booleans(),
    )
    def arrives(self, name, reasons, contact, text):
        self.world = World(SHIPPED[name], reasons=reasons, contact=contact, text=text)

    @rule(action=st.sampled_from(list(Action)), pick=st.integers(0, 30), actor=st.sampled_from(ACTORS))
    def somebody_tries_something(self, action, pick, actor):
        offered = contents(self.world.rules, action, self.world.now_ms + 30 * DAY)
        self.world.perform(Deed(action, actor, **offered[pick % len(offered)]))

    @rule(pick=st.integers(0, 30), data=st.data())
    def somebody_does_what_there_is_to_do(self, pick, data):
        actor = data.draw(st.sampled_from(ENTITLED))
        ways = possible(self.world.rules, self.world.handling, actor.party)
        if ways:
            self.somebody_tries_something(ways[pick % len(ways)], pick, actor)

    @rule(pick=st.integers(0, 30), written=st.integers(0, 5))
    def whose_turn_it_is_goes_on(self, pick, written):
        owner = OWNERS.get(self.world.handling.state, Party.CITIZEN)
        actor = next(each for each in ENTITLED if each.party is owner)
        ways = possible(self.world.rules, self.world.handling, owner)
        self.somebody_tries_something(ways[pick % len(ways)], written, actor)

    @precondition(lambda self: self.world.handling.state in (State.APPEALED, State.INVALID_REVIEW, State.OBJECTION))
    @rule(upheld=st.booleans(), reviewer=st.sampled_from(REVIEWERS))
    def it_is_decided(self, upheld, reviewer):
        self.world.do(Action.UPHOLD if upheld else Action.REJECT, reviewer)

    @rule(hours=st.integers(0, 200))
    def time_passes(self, hours):
        self.world.now_ms += hours * HOUR

    @rule(hours=st.integers(0, 48))
    def the_clock_goes_back(self, hours):
        self.world.now_ms = max(MORNING, self.world.now_ms - hours * HOUR)

    @rule()
    def the_scheduler_comes_round(self):
        self.world.tick()

    @rule()
    def the_scheduler_comes_round_twice(self):
        self.world.tick()
        before, effects = self.world.handling, len(self.world.effects)
        assert self.world.tick() == [] and self.world.handling == before and len(self.world.effects) == effects

    @rule()
    def a_second_scheduler_had_looked_before(self):
        """It performs what the first has performed already."""
        stale = due(self.world.rows.values(), self.world.now_ms)
        self.world.tick()
        for firing in stale:
            before = self.world.handling
            runs = any(each.timer == firing.row.timer for each in before.running)
            if not runs:
                deed = Deed(firing.row.fires, SYSTEM, timer=firing.row.timer)
                moved = act(self.world.rules, before, deed, self.world.now_ms, self.world.dues())
                assert moved.handling == before and not moved.effects

    @invariant()
    def rows_are_the_timers_that_run(self):
        handling = self.world.handling
        waiting = {row.timer for row in self.world.rows.values() if row.fired_ms is None}
        assert waiting == {each.timer for each in handling.running}
        owners = [effect.party for effect in self.world.effects if isinstance(effect, Owns)]
        assert owners[-1] == OWNERS.get(handling.state)
        if handling.state in OPEN:
            due_timer = self.world.rules.due(handling.state, handling.handling_class)
            assert due_timer.name in {row.timer for row in self.world.rows.values()} | handling.lapsed

    @invariant()
    def statistics_follow_from_the_effects(self):
        handling, effects = self.world.handling, self.world.effects
        adopts = [effect.adopted for effect in effects if isinstance(effect, Adopt)]
        assert handling.adopted is (adopts[-1] if adopts else True)
        counts = [isinstance(effect, Confirmed) for effect in effects if isinstance(effect, Confirmed | Withdrawn)]
        assert bool(handling.confirmed) is (counts[-1] if counts else False)
        if not handling.adopted:
            assert handling.people.excluded_by and handling.state in (State.NOT_ADOPTED, State.OBJECTION)

    @invariant()
    def nobody_judges_himself(self):
        people = self.world.handling.people
        assert not people.handled & people.reviewed
        assert not (people.handled | people.reviewed) & {"zhang", "li", "qi"}

    def teardown(self):
        """From wherever it is: its owners and time bring it to its end."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for _ in range(40):
            if world.handling.state in TERMINAL:
                break
            if world.handling.state is State.OBJECTION:
                reviewer = next(each for each in ACTORS if each.party is Party.REVIEWER and self.may_decide(each))
                world.must(Action.UPHOLD, reviewer)
            elif world.handling.called_back is None and world.handling.state is State.RECTIFYING:
                world.must(Action.CALL_BACK, HANDLER)
            else:
                world.do(Action.TELL, SYSTEM)
                if world.do(*ONWARD[world.handling.state]):
                    world.wait(10 * DAY)
        assert world.handling.state in TERMINAL
        world.tick()
        assert world.rows == {}

    def may_decide(self, reviewer) -> bool:
        people = self.world.handling.people
        return reviewer.id not in people.handled | {people.excluded_by, "zhang", "li"}


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
