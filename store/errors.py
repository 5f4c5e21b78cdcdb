from __future__ import annotations


class StoreError(Exception):
    """A deed that cannot be done. The text is one sentence for the person who asked; each deed's own are beside it."""
