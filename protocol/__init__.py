"""The wire protocol of hcp: pure functions on bytes, the same files on the device and on every host.

``SPEC.md`` beside this file is the normative text; a comment ``spec 4.3`` names the section a line implements.
"""
