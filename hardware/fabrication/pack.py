"""What is uploaded to a workshop, as one file whose bytes depend on its contents alone."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

#: The earliest day that a zip can tell.
_DAY = (1980, 1, 1, 0, 0, 0)


def archive(files: Iterable[Path], to: Path) -> None:
    """The files without their folders, in order of their names."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(files, key=lambda file: file.name):
            entry = zipfile.ZipInfo(file.name, _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            zipped.writestr(entry, file.read_bytes())
