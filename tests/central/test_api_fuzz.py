"""Schemathesis reads our OpenAPI document and makes up requests, right ones and wrong ones, by everybody who has a key
or an account: what it says holds. Everything else is as in a real town, with bad ratings on their way."""

import copy
import inspect
import itertools
import json
import re
from collections import Counter

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from central import answers, openapi
from central.app import ROUTERS
from central.core.rating import Channel
from central.routes.reveals import CONSENT
from protocol.identity import Callee, Contact
from tests.central.conftest import AUDITOR_KEY, HALL_KEY, Gateway, settings_for
from tests.central.people import FORM, own_password
from tests.central.town import URL, Town

OPERATOR_KEY = "operator-key-for-tests-only"
CASES = (1, 2, 3, 4)
PEOPLE = ("handler", "taxman", "reviewer", "admin", "reform", "auditor", "rated", "mate")
ALWAYS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
          response_headers_conformance, ignored_auth)  # fmt: skip
#: An event that is none has an answer of its own, inside a good one.
TAKES_ANYTHING = {("/api/v1/events", "post")}
#: What nobody gets from an example alone, or not under this policy: test_centre.py, test_supplements.py and
#: test_raters.py tell how it comes to that.
LONGER_STORIES = {
    (f"/api/v1/{name}", method)
    for name, method in (
        ("centre-ratings", "post"),
        ("ratings/supplements", "post"),
        ("raters", "post"),
        ("raters/appeals", "post"),
        ("raters/{number}", "get"),
        ("raters/{number}/decision", "post"),
        ("raters/{number}/review", "post"),
    )
}


class FuzzedTown(Town):
    """A town where bad ratings stand at every stage, and the keys of those who ask."""

    def __init__(self, folder):
        gateway = Gateway()
        given = settings_for(folder, gateway).model_copy(update={"operator_key": SecretStr(OPERATOR_KEY)})
        super().__init__(given, gateway, "wenzhou")

    def rated(self) -> None:
        numbers = [self.rate() for _ in range(4)]
        for case_no in ("C1", "C3"):
            self.named(case_no, Callee(Contact("欧阳思齐", "13800002222"), None))
        for number in numbers[1:]:
            assert self.do("handler", number, "call_back").status_code == 201
        for account, action in (("handler", "confirm"), ("handler", "reply"), ("reviewer", "accept"),
                                ("handler", "feed_back")):  # fmt: skip
            assert self.do(account, numbers[3], action).status_code == 201
        assert self.do("handler", numbers[0], "attempt", outcome="no_answer").status_code == 201
        said = json.dumps({**CONSENT, "scope": ["name"]})
        url, headers = f"{URL}/{numbers[0]}/consents", {"X-CSRF-Token": self("handler").csrf}
        assert self("handler")("POST", url, content=said, headers=headers).json() == {"consent": 1}
        self.app.state.store.publish("not_adopted", {"device": "w1", "seq": 2}, "申诉成立", None, 0)

        self.take(self.gateway.case("LC-2026-1", status="finished"), self.gateway.service("LC-2026-1", status="served"))
        service = ("LC-2026-1", 1)
        self.token = self.app.state.intake.token_for(self.city.hall, Channel.QR, service, 86_400_000)
        form = DOCUMENT["paths"]["/api/v1/paper-forms"]["post"]["requestBody"]["content"]["application/json"]
        said = json.dumps(self.real({**form["examples"]["form"]["value"], "form_no": "P-0000"}))
        headers = {"X-CSRF-Token": self("admin").csrf}
        assert self("admin")("POST", "/api/v1/paper-forms", content=said, headers=headers).json() == {"number": 1}

    def real(self, example: object) -> object:
        """An example of the document about what there is here."""
        text = json.dumps(example, ensure_ascii=False).replace("h1AB…", self.token)
        return json.loads(text.replace("lucheng", self.city.hall))

    def key(self, account: str) -> str:
        token = self.app.state.accounts.sign_in(account, own_password(account), "desk")
        assert isinstance(token, str), token
        return token


def closed(document: dict) -> dict:
    """The same, where no answer holds a field that is not listed: what is not in the document leaves nowhere."""
    document = copy.deepcopy(document)
    models = {name for name, one in vars(answers).items() if inspect.isclass(one) and issubclass(one, BaseModel)}
    for name, schema in document["components"]["schemas"].items():
        if name in models:
            schema["additionalProperties"] = False
    return document


DOCUMENT = closed(openapi.document())
OPERATIONS = [
    (path, method, mode)
    for path, each in DOCUMENT["paths"].items()
    for method, operation in each.items()
    for mode in GenerationMode
    # nothing can be wrong about a request without parameters
    if mode is GenerationMode.POSITIVE or operation.get("parameters") or "requestBody" in operation
]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = FuzzedTown(tmp_path_factory.mktemp("town"))
    for account in PEOPLE:
        town(account)
    town.rated()
    yield town
    town.close()


@pytest.fixture(scope="module")
def schema(town):
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = town.app
    schema.config.update(base_url="http://testserver")
    wrong = schema.config.checks.negative_data_rejection
    wrong.expected_statuses = [*wrong.expected_statuses, "413"]
    return schema


@pytest.fixture(scope="module")
def key_of(town):
    """Who asks -> the key."""
    fixed = {"hall": HALL_KEY[:-1] + "1", "operator": OPERATOR_KEY, "auditor": AUDITOR_KEY, "": ""}
    known = {**fixed, **{f"{account}'s session": town.key(account) for account in PEOPLE}}

    def find(who: str, operation) -> str:
        leaves = operation.method == "delete" and operation.path == "/api/v1/sessions"
        return town.key(who.partition("'")[0]) if leaves else known[who]

    return find


def askers(path: str, method: str) -> list[str]:
    security = DOCUMENT["paths"][path][method]["security"]
    scheme = next(iter(security[0])) if security else ""
    return [f"{account}'s session" for account in PEOPLE] if scheme == "session" else [scheme]


def ask(case, key: str, *checks) -> int:
    with asgi.get_client(case.operation.app) as client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call_and_validate(session=client, headers=headers, checks=[*ALWAYS, *checks])
    assert answer.headers["cache-control"] == ["no-store"]
    return answer.status_code


@pytest.mark.parametrize(("path", "method"), sorted({(path, method) for path, method, _ in OPERATIONS}))
def test_with_what_there_is_somebody_gets_a_good_answer_and_nobody_one_without_its_words(
    town, schema, key_of, path, method
):
    """Every asker, every case, every example of the document. The examples are those of a right request."""
    operation = schema[path][method.upper()]
    content = DOCUMENT["paths"][path][method].get("requestBody", {}).get("content", {})
    bodies = [
        {"body": town.real(example["value"]), "media_type": media_type}
        for media_type, body in content.items()
        for example in body["examples"].values()
    ]
    if path == "/api/v1/sessions" and method == "post":
        mine = {"account": "handler", "password": own_password("handler")}
        bodies.append({"body": mine, "media_type": "application/json"})
    names = [each["name"] for each in operation.definition.raw.get("parameters", ()) if each["in"] == "path"]
    statuses = set()
    for who, number, body in itertools.product(
        askers(path, method), CASES if "number" in names else [0], bodies or [{}]
    ):
        place = {"number": number, "hall": town.city.hall, "device": town.device.device, "consent": 1}
        case = operation.Case(path_parameters={name: place[name] for name in names}, **copy.deepcopy(body))
        statuses.add(ask(case, key_of(who, operation)))
    assert not statuses & {400, 413, 415}, statuses
    assert min(statuses) < 300 or (path, method) in LONGER_STORIES, statuses


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_answer_is_one_that_the_document_names(town, schema, key_of, path, method, mode):
    operation = schema[path][method.upper()]
    checks = [negative_data_rejection] if (path, method) not in TAKES_ANYTHING else []
    real = st.fixed_dictionaries(
        {}, optional={"number": st.sampled_from(CASES), "hall": st.just(town.city.hall), "device": st.just("w1")}
    )

    @given(case=operation.as_strategy(generation_mode=mode), who=st.sampled_from(askers(path, method)), real=real)
    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def made_up(case, who, real):
        if mode is GenerationMode.POSITIVE:
            case.path_parameters.update({name: real[name] for name in real if name in case.path_parameters})
        ask(case, key_of(who, operation), *checks)

    made_up()


def test_what_an_answer_leads_to_is_there(town, schema, key_of):
    """From the list to the file, to what can be done, and back: by the links of the document."""
    linked = schema.include(path_regex=r"^/api/v1/handlings(/{number}(/deeds|/identity)?)?$")
    seen: Counter[tuple[str, int]] = Counter()

    class Walk(linked.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"headers": {"Authorization": "Bearer " + key_of("handler's session", case.operation)}}

        def validate_response(self, response, case, *_given, **_more):
            case.validate_response(response, checks=[*ALWAYS])
            seen[case.operation.label, response.status_code] += 1

    Walk.run(
        settings=settings(
            max_examples=15,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
    )
    assert seen["GET /api/v1/handlings/{number}", 200] and seen["GET /api/v1/handlings/{number}/identity", 200]


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
def test_another_method_is_refused_and_told_which_ones_there_are(town, path):
    url = (
        path.replace("{number}", "1").replace("{consent}", "1").replace("{hall}", "test-hall").replace("{device}", "w1")
    )
    known = {"HEAD"} if path == "/healthz" else set()
    for other, each in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", other), url):
            known |= {method.upper() for method in each}
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known:
        answer = town.client(method, url)
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, known), method


CHANGING = [
    (path, method)
    for path, each in DOCUMENT["paths"].items()
    for method in each
    if openapi.WRITER == each[method]["security"]
]


@pytest.mark.parametrize(("path", "method"), CHANGING)
def test_a_cookie_alone_changes_nothing(town, path, method):
    url = path.replace("{number}", "1").replace("{consent}", "1")
    answer = town("handler")(method.upper(), url, headers={"Content-Type": "application/json"}, content="{}")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:hcp:problem:forbidden")


PAGES = sorted(
    {
        (route.path, method)
        for router in ROUTERS
        for route in router.routes
        # to sign out takes no parameter, and ends what the others need
        if isinstance(route, APIRoute) and not openapi.is_interface(route.path) and route.path != "/logout"
        for method in route.methods
    }
)
ODD = ("0", "-1", str(2**63), str(2**200), "%00", "x" * 300, "1")


@pytest.mark.parametrize(("path", "method"), PAGES)
def test_no_page_breaks_over_an_odd_address(town, path, method):
    query = "&".join(f"{name}={odd}" for odd in ODD for name in ("after", "done", "search", "next", "org", "choice"))
    for odd, action in itertools.product(
        ODD if "{" in path else [""], ("reply", "%00") if "{action}" in path else [""]
    ):
        url = path.replace("{number}", odd).replace("{action}", action)
        for tail in ("", f"?{query}", f"?done={odd}&after={odd}&again={odd}&lang={odd}"):
            answer = town("handler")(method, url + tail, headers=FORM, content=f"csrf={town('handler').csrf}")
            assert answer.status_code < 500, (url + tail, answer.text)
            assert answer.headers.get("cache-control") == "no-store" or path.endswith((".css", ".js")), url
