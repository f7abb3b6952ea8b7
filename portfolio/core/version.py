"""The version of the program; the only place that says it."""

VERSION = "1.1.0"
FIRST_VERSION = "1.0.0"
"""Of the API: what names no other version was there from the beginning."""
