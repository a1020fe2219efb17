"""The one error of this package (spec 10)."""

#: Every code a frame can be refused with, and what it means. SPEC.md §10 explains the same list.
CODES = (
    "too_large",
    "truncated",
    "trailing",
    "not_canonical",
    "unsupported",
    "too_deep",
    "bad_utf8",
    "bad_envelope",
    "bad_algorithm",
    "bad_signature",
    "bad_mac",
    "bad_length",
    "bad_version",
    "bad_kind",
    "bad_field",
    "bad_topic",
    "bad_device",
    "bad_packet",
)


class ProtocolError(Exception):
    """A frame breaks the protocol: the sender's fault, never ours.

    ``code`` is one of ``CODES`` and is stable; ``detail`` says in words what was expected and what came.
    """

    def __init__(self, code: str, detail: str = ""):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self):
        return self.code + (": " + self.detail if self.detail else "")
