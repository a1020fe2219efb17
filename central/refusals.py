"""A refusal of a rule over HTTP: its sentence, its code, and where the rule stands."""

from central.core.refusal import Refusal
from central.problem import Problem

#: What is not a conflict with what is there already (409).
STATUSES = {
    "token_invalid": 403,
    "token_expired": 403,
    "token_purpose": 403,
    "token_other_service": 403,
    "no_right": 403,
    "involved": 403,
    "same_person": 403,
    "no_supplement": 403,
    "no_centre": 403,
    "no_register": 403,
    "not_finished": 403,
    "too_late": 403,
    "unknown_service": 404,
    "no_rating": 404,
    "no_entry": 404,
    "bad_time": 422,
    "nothing_said": 422,
    "no_channel": 422,
    "no_table": 422,
    "basis_missing": 422,
    "expiry_missing": 422,
    "reason_missing": 422,
    "remark_missing": 422,
    "identity_missing": 422,
}


def problem_of(refusal: Refusal) -> Problem:
    """The refusal as an answer."""
    more = {"code": refusal.code, "article": refusal.article}
    return Problem(STATUSES.get(refusal.code, 409), "refused-by-rule", refusal.sentence, more=more)
