"""What a scene says and what its picture shows (spec 5.3), from what is known of the service at a window."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote

from gateway.core.indicators import NATIONAL, IndicatorSet
from gateway.core.timeline import Serving

MAX_STARS = 5
PLACES = ("hall", "window", "case_no", "service_no")
"""What the address of a case's page may name."""
MAX_ADDRESS = 106
"""Bytes: more would make a code too fine to be read from the panel."""


class LookError(ValueError):
    """This cannot be shown; the text says what was expected and what came."""


@dataclass(frozen=True)
class Look:
    """What all devices of the hall show alike.

    ``labels``: 1 满意 set, 2 很好 set. ``page``: the address of a case's page with ``{case_no}`` and the like in it;
    None: no code to scan. ``stars``: staff number → the star rating that the hall published of that member of staff;
    empty unless the policy makes it public. It comes from a publication, never from ratings that this gateway took.
    """

    indicators: IndicatorSet = NATIONAL
    labels: int = 1
    page: str | None = None
    stars: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the picture of a scene shows: item, staff number, published stars, address of the case's page.

    Equal prompts are one picture.
    """

    item: str | None = None
    staff: str | None = None
    stars: int | None = None
    address: str | None = None


def prompt(look: Look, hall: str, serving: Serving, item_name: str | None) -> Prompt | None:
    """The picture for a service; None if there is nothing to show."""
    staff = serving.staff
    found = Prompt(item_name, staff, look.stars.get(staff) if staff else None, address(look.page, hall, serving))
    return None if found == Prompt() else found


def address(page: str | None, hall: str, serving: Serving) -> str | None:
    """The page of this service; None if there is none, or its address is too long for a code."""
    if page is None:
        return None
    values = (hall, serving.window, serving.case_no, str(serving.service_no))
    found = page.format(**{name: quote(value, safe="") for name, value in zip(PLACES, values, strict=True)})
    return found if len(found) <= MAX_ADDRESS else None


def check_page(page: str) -> str:
    """The address as it is. Raises LookError: it must be https, ASCII, short, and name nothing but PLACES."""
    if not page.startswith("https://") or not page.isascii() or not page.isprintable() or " " in page:
        raise LookError(f"expected an address that begins with https://, in ASCII, got {page!r:.120}")
    try:
        fields = [field[1:] for field in string.Formatter().parse(page) if field[1] is not None]
    except ValueError as error:
        raise LookError(f"{page!r:.120}: {error}") from None
    for name, how, turn in fields:
        if name not in PLACES or how or turn:
            raise LookError(f"{{{name}}} is unknown; expected {' '.join(f'{{{place}}}' for place in PLACES)}")
    bare = page.format(**dict.fromkeys(PLACES, ""))
    if len(bare) > MAX_ADDRESS - 20:
        raise LookError(f"{len(bare)} bytes without the case's number; expected at most {MAX_ADDRESS - 20}")
    return page


def check_stars(value: object) -> Mapping[str, int]:
    """Staff number → published stars. Raises LookError."""
    if not isinstance(value, Mapping):
        raise LookError(f"expected a table of staff numbers, got {type(value).__name__}")
    for staff, stars in value.items():
        if not isinstance(stars, int) or isinstance(stars, bool) or not 1 <= stars <= MAX_STARS:
            raise LookError(f"{str(staff)[:40]}: expected 1 to {MAX_STARS}, got {stars!r:.40}")
    return MappingProxyType({str(staff): stars for staff, stars in value.items()})
