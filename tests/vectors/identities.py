"""The vectors of spec 9.6, ``identity.json``. A seal is never the same twice: a file that is there is not written anew.

Run ``python -m tests.vectors.identities`` after deleting it on purpose.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol import identity
from protocol.identity import About, Callee, Contact
from tests.vectors.make import HERE, as_json

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
SHOWN = (
    (About("lucheng", "LC-2026-3", 1, 1), Callee(Contact("张三", "13800002222"))),
    (About("lucheng", "LC-2026-3", 1, 2), Callee(Contact("张三"), Contact("李四", "+86 577 8888 0000"))),
    (About("h", "办件-9", 2**31 - 1, 2**31 - 1), Callee()),
)


def identities() -> dict:
    public = KEY.public_key()
    return {
        "source": "tests/vectors/identities.py",
        "private_key": KEY.private_bytes_raw().hex(),
        "key": identity.key_id(public),
        "key_text": identity.key_text(public),
        "sealed": [
            {
                "about": {"hall": about.hall, "case_no": about.case_no, "service_no": about.service_no,
                          "revision": about.revision},
                "has_phone": callee.has_phone,
                "plain": _plain(callee),
                "bytes": identity.seal(public, about, callee).hex(),
            }
            for about, callee in SHOWN
        ],
    }  # fmt: skip


def _plain(callee: Callee) -> dict:
    people = {"applicant": callee.applicant, "agent": callee.agent}
    return {
        who: {name: text for name, text in (("name", one.name), ("phone", one.phone)) if text is not None}
        for who, one in people.items()
        if one is not None
    }


if __name__ == "__main__":
    path = HERE / "identity.json"
    if not path.exists():
        path.write_text(as_json(identities()), encoding="utf-8")
