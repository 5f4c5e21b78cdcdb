from __future__ import annotations


class DemoError(Exception):
    """Ends the program with exit code 1; the text is the one clear sentence that a person reads."""
