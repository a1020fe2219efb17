"""What people do to a bad rating in a story, and what they find when they look at its file."""

from dataclasses import dataclass

from central.accounts import Accounts
from central.core.deadline_words import explain
from central.core.handling import Action, Deed
from central.core.refusal import Refusal
from central.office import Answer, File, Office
from tests.e2e import cast
from tests.e2e.clocked_hall import Central, beijing

HANDLER, REVIEWER, SUPERVISOR, RATED = "han", "rui", "su", "zhang"


@dataclass
class Case:
    """One bad rating in the loop of one centre."""

    central: Central
    number: int

    @property
    def office(self) -> Office:
        return self.central.app.state.office

    @property
    def file(self) -> File:
        return self.office.file(self.number)

    @property
    def state(self) -> str:
        return str(self.file.held.handling.state)

    def dues(self) -> dict[str, str | None]:
        """When each limit ends that runs now, in Beijing."""
        running = [limit for limit in self.file.limits if limit.stopped_ms is None and limit.row.fired_ms is None]
        return {limit.row.timer: beijing(limit.row.due_ms) for limit in running}

    def notices(self) -> set[tuple[str, str]]:
        """Who is to be told what."""
        return {(notice.party, notice.about) for notice in self.file.notices}

    def do(self, action: Action, account: str, **content) -> None:
        answer = self._act(action, account, content)
        assert not isinstance(answer, Refusal), str(answer)

    def refused(self, action: Action, account: str, **content) -> str:
        """The sentence, which names its rule. Nothing else happens."""
        before = self.file
        answer = self._act(action, account, content)
        assert isinstance(answer, Refusal), answer
        assert self.file == before
        return str(answer)

    def _act(self, action: Action, account: str, content: dict) -> Answer | Refusal:
        accounts: Accounts = self.central.app.state.accounts
        session = accounts.session(self.central.token(account))
        assert session is not None
        actor = session.viewer.actor(cast.PEOPLE[account], self.file.held.handling.people)
        return self.office.act(self.number, Deed(action, actor, **content))


def explained(case: Case, timer: str) -> str:
    """The words in which a running limit explains itself."""
    (limit,) = (limit for limit in case.file.limits if limit.row.timer == timer and limit.stopped_ms is None)
    assert limit.deadline is not None
    return explain(limit.deadline)


def case_of(central: Central, case_no: str) -> Case:
    office: Office = central.app.state.office
    (held,) = office.queue(search=case_no)
    return Case(central, held.id)
