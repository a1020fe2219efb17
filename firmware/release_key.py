"""The public key that signs releases: 65 bytes (4, x, y). A build puts its own here; without one no update is taken."""

KEY = b""
