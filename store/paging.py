"""Lists that can grow for ever are shown page by page, by a query parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

# Fills the rows of a shelf, be they of three cards or two.
ROWS = 60
# No name is half as long, and SQLite gives up at tens of thousands.
LONGEST = 200


def page_of(request: HttpRequest, rows: Sequence[Any] | QuerySet[Any]) -> Page[Any]:
    """The page that `?page=` asks for: the first when that is none, the last when there are not so many."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


def words_of(query: QueryDict, parameter: str = "q") -> str:
    """What is searched for; PostgreSQL knows no NUL."""
    return query.get(parameter, "").replace("\0", "").strip()[:LONGEST]
