"""The vectors of ``tests/vectors``, read."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def load(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def public_key(numbers: dict) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(int(numbers["x"], 16), int(numbers["y"], 16), ec.SECP256R1()).public_key()
