"""The case: parts in build123d, and the checks that it can be printed, fits the board and keeps the keys private."""
