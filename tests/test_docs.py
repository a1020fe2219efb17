"""The documents keep up with the program: links, make targets, hcp commands and cited clauses all exist."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from tests.test_purity import text_files

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = {name: text for name, text in text_files() if name.endswith(".md")}
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>]+)>?[^)\n]*\)")
#: Words of the shell that end a command.
ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "#"}


def commands(text: str) -> Iterator[list[str]]:
    """Every command line in a document's code: words without prompt, variables before it and what follows a pipe."""
    lines = [line for block in FENCE.finditer(text) for line in block[0].splitlines()[1:-1]]
    lines += [span[1] for span in SPAN.finditer(FENCE.sub("", text))]
    for line in lines:
        try:
            words = shlex.split(line.strip().removeprefix("$ "), comments=True)
        except ValueError:
            continue  # an apostrophe: a sentence, not a command
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        end = next((n for n, word in enumerate(words) if word in ENDS), len(words))
        if words:
            yield [words[0].rpartition("/")[2], *words[1:end]]


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def broken_links(name: str, text: str) -> list[str]:
    found = []
    for target in LINK.findall(SPAN.sub("", FENCE.sub("", text))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        if not path.exists():
            found.append(f"{name}: {target} does not exist")
        elif anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                found.append(f"{name}: {target} has no such heading")
    return found


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def menu() -> set[str]:
    return set(re.findall(r"^([a-z]+):.* ## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def wrong_make(words: list[str]) -> list[str]:
    """Words of a ``make`` line that are no target of ours."""
    return [word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word) and word not in targets()]


def hcp():
    """The whole command. Imported here, so that a fault anywhere in it fails these tests and not the whole run."""
    from hcp.main import app

    return typer.main.get_command(app)


def wrong_hcp(words: list[str]) -> list[str]:
    """The first word of an ``hcp`` line that is no command, or its unknown options."""
    command = hcp()
    rest = words[1:]
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            return [f"hcp has no command {' '.join(words)}"]
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "--version"}
    given = [word.partition("=")[0] for word in rest if word.startswith("--")]
    return [f"{' '.join(words)}: no option {option}" for option in given if option not in known]


def leaves(command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every visible command."""
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from leaves(child, (*path, name)) if hasattr(child, "commands") else [(*path, name)]


def said() -> list[tuple[str, list[str]]]:
    return [(name, words) for name, text in DOCUMENTS.items() for words in commands(text)]


def test_links_resolve():
    assert "README.md" in DOCUMENTS
    found = [wrong for name, text in DOCUMENTS.items() for wrong in broken_links(name, text)]
    assert not found, "\n".join(found)


def test_every_make_target_in_the_documents_exists():
    lines = [(name, words) for name, words in said() if words[0] == "make"]
    assert {"demo", "test"} <= {word for _, words in lines for word in words}
    found = [f"{name}: make {word}" for name, words in lines for word in wrong_make(words)]
    assert not found, "\n".join(found)


def test_every_hcp_command_in_the_documents_exists():
    lines = [(name, words) for name, words in said() if words[0] == "hcp"]
    found = [f"{name}: {wrong}" for name, words in lines for wrong in wrong_hcp(words)]
    assert not found, "\n".join(found)


def test_every_hcp_command_is_documented():
    lines = [words[1:] for _, words in said() if words[0] == "hcp"]
    paths = list(leaves(hcp()))
    assert len(paths) > 4
    found = [" ".join(path) for path in paths if not any(tuple(words[: len(path)]) == path for words in lines)]
    assert not found, "no document names hcp " + ", hcp ".join(found)


def test_the_makefile_calls_hcp_as_it_is():
    dry = ["make", "--dry-run", "demo", "bench", "sim", "ONCE=1", "OUT=out", "SCENARIO=one.yaml"]
    done = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, timeout=60)
    lines = [words for words in commands(f"```\n{done.stdout}\n```") if words[0] == "hcp"]
    assert len(lines) == 3, done.stderr
    assert [wrong for words in lines for wrong in wrong_hcp(words)] == []


def test_the_menu_shows_every_target():
    assert targets() - menu() == {"help"}


def test_cited_clauses_of_the_specification_exist():
    text = (ROOT / "protocol" / "SPEC.md").read_text(encoding="utf-8")
    clauses = set(re.findall(r"^(?:## )?(\d+(?:\.\d+)?)[. ]", text, re.MULTILINE))
    cited = [
        (name, clause)
        for name, content in text_files()
        if name.endswith((".py", ".cddl", ".sql", ".md"))
        for clause in re.findall(r"\b(?:SPEC|SPEC\.md|spec) §?(\d+(?:\.\d+)?)", content)
    ]
    assert len(cited) > 20
    found = [f"{name} cites {clause}" for name, clause in cited if clause not in clauses]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\n$ make nowhere OUT=x # why\n```", ["nowhere"]),
        ("say `ONCE=1 make demo tset`", ["tset"]),
        ("we make sense; `make test`", []),
        ("`hcp gateway fly`", ["hcp has no command hcp gateway fly"]),
        ("`.venv/bin/hcp audit verify DIR --gently | less`", ["hcp audit verify DIR --gently: no option --gently"]),
        ("```\nhcp audit verify out --json\n```", []),
    ],
)
def test_wrong_commands_are_seen(text, expected):
    check = {"make": wrong_make, "hcp": wrong_hcp}
    assert [wrong for words in commands(text) for wrong in check[words[0]](words)] == expected


def test_broken_links_are_seen():
    text = "[a](SPEC.md) [b](nothing.md) [c](SPEC.md#1-terms) [d](SPEC.md#none) [e](https://example.org) `[f](x)`"
    assert len(broken_links("protocol/x.md", text)) == 2
