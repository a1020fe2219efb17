"""The requirement report: which duty of docs/requirements.toml is proved by which test.

``python -m tests.requirements check`` collects the tests without running them and refuses false claims (in seconds).
``python -m tests.requirements run`` runs the marked tests and prints every duty with its outcome; ``--out DIR`` also
writes DIR/requirements.json. Exit code 0: all is well; 1: a claim is false or a marked test failed.
"""

import argparse
import contextlib
import io
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
DUTIES = ROOT / "docs" / "requirements.toml"
#: For duties without a test: on which tier they would be met, why they are open, what the software keeps for people.
REASONS = ROOT / "docs" / "requirements-open.toml"
#: The tiers whose duties software can prove: device, gateway, central.
SOFTWARE = frozenset("DGC")
PROPERTY = "requirement"
HOW = ("open", "test", "people", "context")
STATUSES = ("passing", "failing", "people", "open", "context")
STYLE = {"passing": "green", "failing": "bold red", "people": "cyan", "open": "yellow", "context": "dim"}
#: What stands for a test with parameters: its first outcome in this order. One failed case fails it.
OUTCOMES = ("failed", "passed", "skipped", "collected")


#: A claim: the id in the marker, the test's node id, its outcome.
Claim = tuple[object, str, str]


@dataclass(frozen=True)
class Duty:
    """One row of a regulation. ``how`` is what we declare about it (see the head of docs/requirements.toml), ``tiers``
    who meets it, ``reason`` why it is open, or what evidence the software keeps where only people can meet it."""

    id: str
    article: str
    how: str
    title: str
    seed: str
    tiers: str = ""
    reason: str = ""


@dataclass
class Line:
    """A duty with the tests that claim it: node id without parameters → outcome."""

    duty: Duty
    tests: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """One of ``STATUSES``. Skipped tests prove nothing; a failing one counts whatever is declared."""
        outcomes = set(self.tests.values())
        if "failed" in outcomes:
            return "failing"
        if self.duty.how in ("people", "context"):
            return self.duty.how
        return "passing" if outcomes & {"passed", "collected"} else "open"

    def as_json(self) -> dict:
        tests = [{"nodeid": nodeid, "outcome": outcome} for nodeid, outcome in sorted(self.tests.items())]
        duty = self.duty
        return {
            "id": duty.id,
            "article": duty.article,
            "title": duty.title,
            "how": duty.how,
            "tiers": duty.tiers,
            "status": self.status,
            "reason": duty.reason if self.status in ("open", "people") else "",
            "tests": tests,
        }


def load_duties(path: Path = DUTIES, reasons: Path | None = None) -> dict[str, Duty]:
    """All duties by id, in the order of the regulations. Raises ValueError for a row that cannot be meant."""
    duties: dict[str, Duty] = {}
    reasons = reasons or path.with_name(REASONS.name)
    said = tomllib.loads(reasons.read_text(encoding="utf-8")) if reasons.exists() else {}
    tiers, why = said.get("tiers", {}), {**said.get("open", {}), **said.get("people", {})}
    for seed, chapter in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for row in chapter["duties"]:
            duty = Duty(seed=seed, **row, tiers=tiers.get(row["id"], ""), reason=why.get(row["id"], ""))
            if duty.how not in HOW:
                raise ValueError(f"{path.name}: {duty.id}: how is one of {', '.join(HOW)}, got {duty.how!r}")
            if duty.id in duties:
                raise ValueError(f"{path.name}: {duty.id} stands there twice")
            if not duty.id.startswith(seed + "-"):
                raise ValueError(f"{path.name}: {duty.id} stands under {seed}")
            duties[duty.id] = duty
    for name in sorted({*tiers, *why} - set(duties)):
        raise ValueError(f"{reasons.name}: {name} is no duty of {path.name}")
    return duties


def claimed_ids(item: pytest.Item) -> list[object]:
    """The ids in the ``requirement`` markers of a test, each once; a marker without an id counts as the id ``None``."""
    ids: dict[object, None] = {}
    for marker in item.iter_markers(PROPERTY):
        ids.update(dict.fromkeys(marker.args or (None,)))
    return list(ids)


def marker_problems(nodeid: str, claimed: Iterable[object], known: dict[str, Duty]) -> list[str]:
    """Claims that no regulation backs: unknown ids, and articles that ask for nothing."""
    problems = []
    for duty_id in claimed:
        if not isinstance(duty_id, str) or duty_id not in known:
            problems.append(f"{nodeid}: requirement({duty_id!r}) is not an id of docs/requirements.toml")
        elif known[duty_id].how == "context":
            problems.append(f"{nodeid}: {duty_id} is an article without a duty; nothing there can be proved")
    return problems


def report(duties: dict[str, Duty], claims: Iterable[Claim]) -> list[Line]:
    """Join duties and claims. Claims of unknown ids have no line; ``marker_problems`` names them."""
    lines: dict[object, Line] = {duty_id: Line(duty) for duty_id, duty in duties.items()}
    for duty_id, nodeid, outcome in claims:
        if duty_id not in lines:
            continue
        tests = lines[duty_id].tests
        name = nodeid.partition("[")[0]
        tests[name] = min(tests.get(name, OUTCOMES[-1]), outcome, key=OUTCOMES.index)
    return list(lines.values())


def problems_of(lines: Iterable[Line]) -> list[str]:
    """What makes the report fail: a declared test that does not exist (or was skipped), a marked test that fails, and
    a duty that nobody explains: open without a reason, or of people without the evidence that is kept."""
    problems = []
    for line in lines:
        if line.status == "failing":
            failed = ", ".join(nodeid for nodeid, outcome in line.tests.items() if outcome == "failed")
            problems.append(f"{line.duty.id}: fails in {failed}")
        elif line.duty.how == "test" and line.status != "passing":
            why = "its tests were skipped" if line.tests else "no test carries its marker"
            problems.append(f'{line.duty.id}: declared how = "test", but {why}')
        elif line.status == "open" and SOFTWARE & set(line.duty.tiers) and not line.duty.reason:
            problems.append(f"{line.duty.id}: open without a reason; say in {REASONS.name} under [open] why it is")
        elif line.status == "people" and not line.duty.reason:
            problems.append(f"{line.duty.id}: say in {REASONS.name} under [people] what evidence the software keeps")
    return problems


def warnings_of(lines: Iterable[Line]) -> list[str]:
    """What a reader should know of: tests on a duty that only people can meet, reasons that a test has overtaken."""
    warnings = []
    for line in lines:
        if line.duty.how == "people" and line.tests:
            tests = ", ".join(line.tests)
            warnings.append(f"{line.duty.id}: only people can meet it; {tests} may support it but is not its proof")
        elif line.status == "passing" and line.duty.reason:
            warnings.append(f"{line.duty.id}: has a test now; take its reason out of {REASONS.name}")
    return warnings


class Recorder:
    """A pytest plugin that notes which test claims which duty, and how it went. Prints nothing."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            for item in session.items:
                self.claims += [(duty, item.nodeid, "collected") for duty in claimed_ids(item)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return  # set-up and tear-down matter only when they fail or skip
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.claims.append((value, report.nodeid, report.outcome))


def collect(tests: list[str]) -> tuple[list[Claim], str]:
    """Claims of all tests without running them, and pytest's words if that failed (else empty)."""
    recorder, said = Recorder(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", *tests], plugins=[recorder])
    if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return recorder.claims, ""
    counts_per_file = re.compile(r"^\S+: \d+\n", re.MULTILINE)
    return recorder.claims, counts_per_file.sub("", said.getvalue()).strip()


def run(tests: list[str], jobs: str) -> tuple[list[Claim], str]:
    """Run the marked tests. Returns their claims, and a word if pytest itself broke off (else empty)."""
    recorder = Recorder()
    code = pytest.main(["-m", f"{PROPERTY} and not bench", "-n", jobs, *tests], plugins=[recorder])
    usable = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    return recorder.claims, "" if code in usable else f"pytest broke off with exit code {int(code)}, see above"


def show(lines: list[Line], console: Console) -> None:
    """The whole list as a table, then the counts of each regulation."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "article", "status", "duty and its tests"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    for line in lines:
        tests = "".join(f"\n  {outcome}  {nodeid}" for nodeid, outcome in sorted(line.tests.items()))
        status = f"[{STYLE[line.status]}]{line.status}[/]"
        why = f"\n  {line.duty.reason}" if line.duty.reason and not line.tests else ""
        table.add_row(line.duty.id, line.duty.article, status, line.duty.title + (why + tests).replace("[", r"\["))
    console.print(table)
    console.print(counts(lines))


def declare(lines: Iterable[Line], path: Path) -> int:
    """Write ``how = "test"`` for every open duty that passes now, so that losing its tests fails the check."""
    rows, changed = path.read_text(encoding="utf-8").splitlines(keepends=True), 0
    passing = {f'{{ id = "{line.duty.id}",' for line in lines if line.status == "passing"}
    for number, row in enumerate(rows):
        if row.strip().partition(" article")[0] in passing and 'how = "open"' in row:
            rows[number] = row.replace('how = "open"', 'how = "test"')
            changed += 1
    path.write_text("".join(rows), encoding="utf-8")
    return changed


def summary(lines: list[Line]) -> str:
    """One sentence for the check."""
    statuses = [line.status for line in lines]
    words = ((statuses.count("passing"), "with a test"), *((statuses.count(name), name) for name in STATUSES[2:]))
    return f"requirements: {len(lines)} duties, " + ", ".join(f"{number} {word}" for number, word in words)


def counts(lines: list[Line]) -> Table:
    """Duties by regulation and status."""
    table = Table("regulation", *STATUSES, "all", box=None, pad_edge=False, header_style="bold")
    seeds = list(dict.fromkeys(line.duty.seed for line in lines))
    for name, chosen in [*((seed, {seed}) for seed in seeds), ("all", set(seeds))]:
        mine = [line.status for line in lines if line.duty.seed in chosen]
        table.add_row(name, *(str(mine.count(status)) for status in STATUSES), str(len(mine)))
    return table


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.requirements", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["check", "run"])
    parser.add_argument("tests", nargs="*", help="where to look for tests (default: all)")
    parser.add_argument("--out", type=Path, help="also write requirements.json into this folder")
    parser.add_argument("--duties", type=Path, default=DUTIES, help="another list of duties")
    parser.add_argument("--declare", action="store_true", help='after run: write how = "test" for what passes')
    parser.add_argument("--jobs", default="0", help="processes of pytest-xdist (default: 0, none)")
    options = parser.parse_args(arguments)
    wide = None if sys.stdout.isatty() else 140
    console, complaints = Console(width=wide, highlight=False), Console(stderr=True, width=wide, highlight=False)

    duties = load_duties(options.duties)
    claims, broken = collect(options.tests) if options.what == "check" else run(options.tests, options.jobs)
    if broken:
        complaints.print(broken, markup=False)
        return 1
    lines = report(duties, claims)
    if options.what == "run":
        show(lines, console)
    else:
        console.print(summary(lines))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=1)
        (options.out / "requirements.json").write_text(text + "\n", encoding="utf-8")
    if options.declare and options.what == "run":
        console.print(f'{declare(lines, options.duties)} duties newly declared how = "test" in {options.duties.name}')
    for warning in warnings_of(lines):
        complaints.print("warning: " + warning, markup=False)
    problems = [text for duty, test, _ in claims for text in marker_problems(test, [duty], duties)] + problems_of(lines)
    for problem in dict.fromkeys(problems):
        complaints.print("wrong: " + problem, markup=False)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
