"""What may not stand in a log: keys, and who a citizen is. Pure; the last thing a line passes (docs/operations.md).

Code must not log these in the first place, and tests see to it; this is for the text that others hand us: an error of a
library, a business system's own words.
"""

import re
from collections.abc import Mapping
from typing import Any

_SECRET_NAME = re.compile(r"key|token|secret|password|authorization|cookie|applicant|phone|id_number", re.I)
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?(-----END \1-----|\Z)", re.S)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_ASSIGNED = re.compile(r"(?i)\b((?:[a-z_]*_)?(?:key|token|secret|password))(\s*[=:]\s*)(['\"]?)[^\s'\",;]{6,}\3")
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d{9}(?![0-9A-Za-z])")
# GB 11643-1999 §4.2: ISO 7064 MOD 11-2
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def text(words: str) -> str:
    """``words`` without private keys, bearer keys, assigned secrets, 公民身份号码 and mobile numbers."""
    words = _PEM.sub(lambda found: f"[{found[1]}]", words)
    words = _BEARER.sub(r"\1 [密钥]", words)
    words = _ASSIGNED.sub(r"\1\2[密钥]", words)
    words = _ID_NUMBER.sub(lambda found: "[身份证号]" if is_id_number(found[0]) else found[0], words)
    return _PHONE.sub("[手机号]", words)


def event(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a structured line: names of secrets lose their value, texts what ``text`` takes out."""
    return {name: "[隐去]" if _SECRET_NAME.search(name) else _clean(value) for name, value in values.items()}


def is_id_number(digits: str) -> bool:
    """Whether these 18 characters are a 公民身份号码: their check digit says so (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _WEIGHTS, strict=True))
    return digits[17].upper() == _CHECKS[total % 11]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return event(value)
    if isinstance(value, (list, tuple)):
        return [_clean(part) for part in value]
    return value
