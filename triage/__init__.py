"""Verifies the evidence behind closed issues and reports what was found."""

__version__ = "0.1.0"
