"""What people do to a bad rating in a story, and what they find when they look at its file: all of it over HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx

from central.office import Office
from gateway.core import times
from tests.e2e.clocked_hall import Central, beijing

HANDLER, REVIEWER, SUPERVISOR, RATED = "han", "rui", "su", "zhang"


@dataclass
class Case:
    """One bad rating in the loop of one centre."""

    central: Central
    number: int

    @property
    def path(self) -> str:
        return f"/api/v1/handlings/{self.number}"

    @property
    def file(self) -> dict[str, Any]:
        """As the handler reads it."""
        answer = self.read(HANDLER)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def state(self) -> str:
        return self.file["state"]

    def read(self, account: str) -> httpx.Response:
        return self.central.ask("GET", self.path, self.central.token(account))

    def dues(self) -> dict[str, str | None]:
        """When each limit ends that runs now, in Beijing."""
        return {
            limit["timer"]: beijing(times.parse(limit["due_at"]))
            for limit in self.file["limits"]
            if limit["stopped_at"] is None and limit["fired_at"] is None
        }

    def explained(self, timer: str) -> str:
        """The words in which a running limit explains itself."""
        (words,) = (
            limit["explained"]
            for limit in self.file["limits"]
            if limit["timer"] == timer and limit["stopped_at"] is None
        )
        return words

    def actions(self) -> list[str]:
        """What was done, in its order."""
        return [done["action"] for done in self.file["timeline"]]

    def notices(self) -> set[tuple[str, str]]:
        """Who is to be told what. It is sent elsewhere, so nobody reads it over HTTP."""
        office: Office = self.central.app.state.office
        return {(notice.party, notice.about) for notice in office.file(self.number).notices}

    def post(self, account: str, key: str | None = None, **deed) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.central.ask("POST", f"{self.path}/deeds", self.central.token(account), json=deed, headers=headers)

    def do(self, action: str, account: str, **content) -> None:
        answer = self.post(account, action=action, **content)
        assert answer.status_code == 201, answer.text

    def refused(self, action: str, account: str, **content) -> str:
        """The sentence with the rule that it names. Nothing else happens."""
        before = self.file
        answer = self.post(account, action=action, **content)
        assert answer.status_code in (403, 409, 422), answer.text
        assert self.file == before
        problem = answer.json()
        return f"{problem['detail']}（{problem.get('article', '')}）"


def cases_of(central: Central, case_no: str) -> list[Case]:
    """The bad ratings of a case, as their handler finds them."""
    answer = central.ask("GET", "/api/v1/handlings", central.token(HANDLER), params={"search": case_no})
    return [Case(central, row["number"]) for row in answer.json()["handlings"]]


def case_of(central: Central, case_no: str) -> Case:
    """The only one."""
    (case,) = cases_of(central, case_no)
    return case
