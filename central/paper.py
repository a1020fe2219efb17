"""Paper forms: one person types what stands on a form, another holds it against the scan, and only then it is a rating.

The origin is ``paper``; nobody here can make a rating of another origin.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from central import audit, directory, handlings, voices
from central.clock import Clock
from central.core import paper_form
from central.core.audit_chain import Kind
from central.core.paper_form import PaperForm
from central.core.rating import Channel, Origin
from central.core.refusal import Refusal
from central.core.roles import Right, Viewer
from central.core.spoken import Word
from central.store import Store
from central.tables import paper_forms
from central.voices import Voice

#: Entered in the same words before: the form is there.
_SAME = ("case_no", "service_no", "level", "reasons", "text", "filled_in_ms", "scan", "entered_by")


class Papers:
    """Threads may share it."""

    def __init__(self, store: Store, clock: Clock):
        self._store = store
        self._clock = clock

    def enter(self, viewer: Viewer, form: PaperForm) -> int | Refusal:
        """A form as the first person typed it; gives its number. The same one again gives the same number."""
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            refusal = _kept_out(connection, viewer, form.hall, form.case_no) or paper_form.too_early(form, now_ms)
            if refusal:
                return refusal
            row = _row(form, viewer.id)
            known = _standing(connection, form)
            if known is not None:
                if all(getattr(known, name) == row[name] for name in _SAME):
                    return int(known.id)
                return Refusal("form_known", "该编号的表格已经录入；核对未通过后才能重新录入", paper_form.RULE)
            row |= {"entered_ms": now_ms, "state": "entered"}
            number = connection.execute(insert(paper_forms).returning(paper_forms.c.id), row).scalar_one()
            audit.append(connection, now_ms, viewer.id, Kind.WRITE, f"paper/{number}", "录入书面评价表格")
            return number

    def check(self, viewer: Viewer, number: int, agrees: bool, remark: str) -> Any | Refusal:
        """The second person has held it against the scan; gives the form as it is now, None if there is no such form.

        A check that is sent again is answered as the first time.
        """
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            form = connection.execute(select(paper_forms).where(paper_forms.c.id == number)).one_or_none()
            if form is None:
                return None
            state = "accepted" if agrees else "rejected"
            if form.state != "entered":
                same = (form.state, form.checked_by) == (state, viewer.id)
                return form if same else Refusal("checked", "该表格已经核对，不能再次核对", paper_form.RULE)
            refusal = paper_form.may_check(form.entered_by, viewer.id)
            refusal = refusal or _kept_out(connection, viewer, form.hall, form.case_no)
            if refusal is None and not agrees and not remark.strip():
                refusal = Refusal("remark_missing", "核对未通过的，须写明哪一处与扫描件不符", paper_form.RULE)
            if refusal:
                return refusal
            rating = self._rate(connection, form, now_ms) if agrees else None
            checked = {"state": state, "checked_by": viewer.id, "checked_ms": now_ms, "remark": remark.strip() or None}
            here = paper_forms.c.id == number
            connection.execute(update(paper_forms).where(here).values(**checked, rating=rating))
            audit.append(connection, now_ms, viewer.id, Kind.WRITE, f"paper/{number}", f"核对书面评价表格：{state}")
            return connection.execute(select(paper_forms).where(here)).one()

    def waiting(self, sees: Callable[[str], bool]) -> list[Any]:
        """Forms that wait for the second person, in the halls that the viewer sees."""
        query = select(paper_forms).where(paper_forms.c.state == "entered").order_by(paper_forms.c.id)
        with self._store.read() as connection:
            return [row for row in connection.execute(query) if sees(row.hall)]

    def _rate(self, connection: Connection, form: Any, now_ms: int) -> int:
        word = Word(level=form.level, reasons=form.reasons, text=form.text)
        service = (form.case_no, form.service_no)
        voice = Voice(form.hall, Origin.PAPER, Channel.PAPER, f"{form.form_no}", *service, form.filled_in_ms)
        number = voices.add(connection, self._store.rules, voice, word, now_ms)
        self._store.settle(connection, form.hall, now_ms, set(), {service})
        return number


def sees(connection: Connection, viewer: Viewer, hall: str, right: Right = Right.REGISTER) -> bool:
    """Whether the viewer has this right in a hall."""
    org = directory.org_of(connection, hall, None)
    return viewer.sees(org, directory.region_of(connection, hall, org), hall, right)


def _kept_out(connection: Connection, viewer: Viewer, hall: str, case_no: str) -> Refusal | None:
    if not sees(connection, viewer, hall):
        return Refusal("no_right", "您没有该大厅的登记权限；请由该大厅的管理员授权", "本系统规则：权限")
    served = handlings.staff_of(connection, hall, case_no)
    people = {directory.person_of(connection, hall, staff) for staff in served}
    return paper_form.involved() if viewer.is_one_of(people | {f"{hall}/{staff}" for staff in served}) else None


def _standing(connection: Connection, form: PaperForm) -> Any:
    here = (paper_forms.c.hall == form.hall, paper_forms.c.form_no == form.form_no)
    return connection.execute(select(paper_forms).where(*here, paper_forms.c.state != "rejected")).one_or_none()


def _row(form: PaperForm, person: str) -> dict[str, Any]:
    return {
        "hall": form.hall,
        "form_no": form.form_no,
        "case_no": form.case_no,
        "service_no": form.service_no,
        "level": form.level,
        "reasons": list(form.reasons),
        "text": form.text or None,
        "filled_in_ms": form.filled_in_at,
        "scan": form.scan,
        "entered_by": person,
    }
