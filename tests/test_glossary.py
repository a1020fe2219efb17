"""docs/glossary.md, the code and SPEC.md use the same words."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from protocol import levels
from tests.requirements import load_duties
from tests.test_purity import text_files

ROOT = Path(__file__).resolve().parent.parent
#: They speak of the forbidden words themselves, or quote the regulations.
MAY_QUOTE = {"docs/glossary.md", "docs/requirements.toml"}


class Word(NamedTuple):
    chinese: str
    english: str
    code: str
    meaning: str
    source: str
    forbidden: list[str]


def rows(text: str) -> list[list[str]]:
    """Cells of all table rows of a Markdown text, without headings and rules."""
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    rules = {number for number, cells in enumerate(table) if set("".join(cells)) <= set("-:")}
    return [cells for number, cells in enumerate(table) if number not in rules and number + 1 not in rules]


def glossary() -> list[Word]:
    table = rows((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    return [
        Word(chinese, english, code, meaning, source, [word for word in forbidden.split(", ") if word])
        for chinese, english, code, meaning, source, forbidden in table
    ]


def test_each_word_stands_once_and_has_everything():
    words = glossary()
    assert len(words) > 50
    for name in ("chinese", "english"):
        assert [word for word, times in Counter(getattr(w, name) for w in words).items() if times > 1] == []
    for word in words:
        assert re.fullmatch(r"`[a-z_]+`", word.code) and word.meaning, word


def test_no_word_forbids_another():
    words = {word.chinese for word in glossary()}
    assert [bad for word in glossary() for bad in word.forbidden if bad in words] == []


def test_the_source_is_an_article_we_list():
    articles = {f"{duty.seed} {duty.article.removeprefix('附件2 ')}" for duty in load_duties().values()}
    sources = {word.source.replace("附件2 ", "") for word in glossary() if word.source.partition(" ")[0].isalpha()}
    assert len(sources) > 15 and sources - articles == set()


def test_the_levels_are_those_of_the_protocol():
    codes = {word.chinese: word.code.strip("`") for word in glossary()}
    assert [codes[label] for label in levels.LABELS[1]] == list(levels.NAMES)


def test_the_specification_uses_the_same_words():
    text = (ROOT / "protocol" / "SPEC.md").read_text(encoding="utf-8")
    terms = rows(text.split("## 1. Terms")[1].split("\n## ")[0])
    known = {(word.english, word.chinese) for word in glossary()}
    pairs = [pair for row in terms for pair in zip(row[0].split(" / "), row[1].split(" / "), strict=True)]
    assert len(pairs) >= 9 and [pair for pair in pairs if pair not in known] == []


def own_words(name: str, text: str) -> str:
    """A file without what it quotes: the last chapter of a policy is the regulation's own sentences."""
    return text.partition("\n[articles]\n")[0] if name.startswith("central/policies/") else text


def test_no_file_uses_a_forbidden_chinese_word():
    forbidden = {bad: word.chinese for word in glossary() for bad in word.forbidden if not bad.isascii()}
    found = [
        f"{name}: {bad}, say {instead}"
        for name, text in text_files()
        if name not in MAY_QUOTE
        for bad, instead in forbidden.items()
        if bad in own_words(name, text)
    ]
    assert len(forbidden) > 10 and not found, "\n".join(found)
