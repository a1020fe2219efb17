"""Policies: what each regulation says is there with its articles, what it does not say is declared empty."""

import pytest

from central import policies
from central.core import policy
from central.core.terms import OVERRIDE
from tests.requirements import load_duties

SEEDS = {"wenzhou": "WZ", "jiaxiang": "JX", "lanzhou": "LZ", "mot": "MOT", "siping": "SP"}


@pytest.mark.parametrize("name", policies.names())
def test_every_statement_cites_articles_of_its_own_regulation(name):
    duties, found = load_duties(), policies.load(name)
    cited = {article for _, said in policy.statements(found) for article in said.article}
    assert len(cited) > 10 and OVERRIDE not in cited
    for article in cited:
        assert duties[article].seed == SEEDS[name]
        assert found.articles[article].at == duties[article].article
    assert cited == set(found.articles)
