"""GitHub: where it is, what it may be read with, and what it says."""
