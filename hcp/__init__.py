"""The command ``hcp``: a thin layer of words over the packages."""
