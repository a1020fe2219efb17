"""What the loop answers when something may not be done."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """``code`` names the rule for programs, ``sentence`` tells the person in Chinese what stands in the way and what
    to do, ``article`` is where the rule stands. Nothing changed."""

    code: str
    sentence: str
    article: str

    def __str__(self) -> str:
        return f"{self.sentence}（{self.article}）"
