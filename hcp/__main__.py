"""``python -m hcp`` is ``hcp``."""

from hcp.main import main

main()
