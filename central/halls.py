"""Adding a hall to ``halls.toml``."""

import tomllib
from pathlib import Path

from central.settings import Hall, SettingsError
from gateway.enrolment import write_file


def add_hall(data: Path, hall: str, name: str, authority: Path, key: str) -> Path:
    """Append one hall with its authority and bearer key; the key also goes into a file of its own, which is returned.

    Raises SettingsError if the entry would be refused at central's start, or the hall is there already.
    """
    try:
        pem = authority.read_text(encoding="ascii")
        entry = Hall(id=hall, name=name, authority=pem, key=key)  # type: ignore[arg-type]
    except (OSError, ValueError) as error:
        # no input in the text: it holds the key
        problems = [item["msg"] for item in error.errors(include_input=False)] if hasattr(error, "errors") else [error]
        raise SettingsError(f"hall {hall}: {problems[0]}") from None
    halls = data / "halls.toml"
    text = halls.read_text(encoding="utf-8") if halls.exists() else ""
    if any(known.get("id") == hall for known in tomllib.loads(text).get("hall", [])):
        raise SettingsError(f"hall {hall} is in {halls} already; edit it there")
    data.mkdir(parents=True, exist_ok=True)
    (data / "keys").mkdir(mode=0o700, exist_ok=True)
    write_file(data / f"{entry.id}-ca.pem", pem.encode())
    label = name.replace("\\", "\\\\").replace('"', '\\"')
    rows = [
        "[[hall]]",
        f'id = "{entry.id}"',
        f'name = "{label}"',
        f'authority = "{entry.id}-ca.pem"',
        f'key = "{key}"',
    ]
    write_file(halls, (text + "\n".join(rows) + "\n\n").encode(), secret=True)
    key_file = data / "keys" / f"{entry.id}.key"
    write_file(key_file, key.encode(), secret=True)
    return key_file
