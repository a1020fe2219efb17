"""The hall as a whole 总体建设管理 (SP 5.2): a person rates it at most once a day, by the calendar of Beijing.

Who that is follows from the token, as a keyed hash; a token is made only for somebody whose identity is known. What is
said here is no rating of a service: it stands in a table of its own and in no rate.
"""

from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from central import corrections
from central.clock import Clock
from central.core import rating_token
from central.core.calendar import ZONE
from central.core.policy_version import given_under
from central.core.rating import Channel, Level
from central.core.rating_token import Purpose, Token
from central.core.refusal import Refusal
from central.core.spoken import Word
from central.store import Store
from central.tables import centre_ratings
from central.tokens import Tokens


class Centre:
    """Threads may share it."""

    def __init__(self, store: Store, tokens: Tokens, clock: Clock):
        self._store = store
        self._tokens = tokens
        self._clock = clock

    def token_for(self, hall: str, channel: Channel, lasts_ms: int, identity: str | None) -> str | Refusal:
        """A token for one rating of the hall by this person."""
        if self._store.rules.centre_article is None:
            return self._unsaid()
        if identity is None:
            sentence = "对大厅总体的评价一人一日一次，须实名：请一并提供评价人的证件号码"
            return Refusal("identity_missing", sentence, self._store.rules.centre_article)
        expires_ms = self._clock.now_ms() + lasts_ms
        return self._tokens.make(hall, channel, expires_ms, rater=self._tokens.rater(identity))

    def rate(self, text: str, word: Word) -> bool | Refusal:
        """Whether it had been taken before; it is on the disk either way."""
        if self._store.rules.centre_article is None:
            return self._unsaid()
        token = self._tokens.read(text)
        if isinstance(token, Refusal):
            return token
        refused = rating_token.misuse(token, Purpose.CENTRE)
        if refused:
            return refused
        now_ms = self._clock.now_ms()
        day = str(datetime.fromtimestamp(now_ms / 1000, ZONE).date())
        with self._store.write() as connection:
            by_key = (centre_ratings.c.hall == token.hall, centre_ratings.c.key == token.key)
            known = connection.execute(select(centre_ratings).where(*by_key)).one_or_none()
            if known is not None:
                return True if word.same_as(known.level, known.reasons, known.text) else rating_token.USED
            refused = rating_token.over(token, now_ms) or self._rated_today(connection, token, day)
            if refused:
                return refused
            published = corrections.policies(connection, token.hall)
            row = {
                "hall": token.hall,
                "rater": token.rater,
                "day": day,
                "key": token.key,
                "channel": token.channel,
                "level": word.level,
                "reasons": list(word.reasons),
                "text": word.text or None,
                "policy_version": given_under(published, now_ms),
                "received_ms": now_ms,
            }
            connection.execute(insert(centre_ratings), row)
        return False

    def _rated_today(self, connection: Connection, token: Token, day: str) -> Refusal | None:
        columns = centre_ratings.c
        here = (columns.hall == token.hall, columns.rater == token.rater, columns.day == day)
        if connection.execute(select(columns.id).where(*here)).first() is None:
            return None
        sentence = "对大厅总体的评价一日一次：您今天已经评价过，先前的评价有效；明天可以再次评价"
        return Refusal("rated_today", sentence, self._store.rules.centre_article or "")

    def _unsaid(self) -> Refusal:
        return self._store.rules.unsaid("no_centre", "对大厅总体的评价", "C-16")


def counts(connection: Connection, hall: str) -> dict[str, int]:
    """How many of each level."""
    table = centre_ratings.c
    query = select(table.level, func.count()).where(table.hall == hall).group_by(table.level)
    found = Counter({level: number for level, number in connection.execute(query)})
    return {str(level): found[level] for level in Level}
