from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.test import Client as Browser

from accounts.models import User
from store import charts
from store.models import Application
from tests.store.conftest import Generated, add, generate

URL = "/store/statistics/"


def obtain(generated: Generated, name: str) -> Any:
    """`name` obtains a token by the password grant."""
    request = {
        "grant_type": "password",
        "username": name,
        "password": name,
        "client_id": generated.key.consumer_key,
        "client_secret": generated.secret,
    }
    response = Browser().post("/oauth2/token", request)
    assert response.status_code == 200, response.content
    return response


def rows(browser: Browser) -> dict[str, list[str]]:
    return {row.application.name: row.users for row in browser.get(URL).context["rows"]}


def test_who_used_the_password_grant_counts_once(alices: Browser, printer: Application, bob: User) -> None:
    generated = generate(printer, grant_types=["password"])
    obtain(generated, "bob")
    obtain(generated, "bob")

    assert rows(alices)["Photo Printer"] == ["bob"]


def test_production_and_sandbox_count_together(alices: Browser, printer: Application, bob: User, charlie: User) -> None:
    production, sandbox = (generate(printer, kind, grant_types=["password"]) for kind in ("PRODUCTION", "SANDBOX"))
    obtain(production, "bob")
    obtain(sandbox, "bob")
    obtain(sandbox, "charlie")

    assert rows(alices)["Photo Printer"] == ["bob", "charlie"]


def test_other_grant_types_do_not_count(alices: Browser, generated: Generated) -> None:
    alices.post(f"/store/applications/{generated.key.application_id}/production-keys/test-token/")

    assert rows(alices)["Photo Printer"] == []
    assert "Nobody yet" in alices.get(URL).content.decode()


def test_applications_of_others_are_not_shown(charlies: Browser, printer: Application, bob: User) -> None:
    obtain(generate(printer, grant_types=["password"]), "bob")

    assert "Photo Printer" not in rows(charlies)


def test_chart_and_table_say_the_same(alices: Browser, printer: Application, bob: User) -> None:
    obtain(generate(printer, grant_types=["password"]), "bob")
    page = alices.get(URL).content.decode()

    assert "Registered Users for Application" in page
    assert '<text class="chart-label" x="0" y="66">Photo Printer<title>' in page
    assert '<td data-label="Who">bob</td>' in page


def test_the_number_of_queries_does_not_grow(alices: Browser, alice: User, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        generate(add(alice, f"Application {number}"))
    alices.get(URL)

    with django_assert_max_num_queries(8):
        alices.get(URL)


def test_a_chart_says_large_numbers_in_groups_and_long_names_whole() -> None:
    name = f"GET /photos/1.0/albums/{'x' * 60} · Printer"

    drawn = render_to_string("store/_parts/chart.html", {"chart": charts.bars([(name, 1234567)]), "label": "Calls"})

    assert ">1,234,567<" in drawn
    assert f">{name}<title>" in drawn


def test_bars_begin_at_zero_and_are_in_proportion() -> None:
    chart = charts.bars([("a", 0), ("b", 2), ("c", 4)])

    assert [bar.width for bar in chart.bars] == ["0.00%", "36.00%", "72.00%"]


def test_a_chart_of_nothing_is_empty() -> None:
    assert charts.bars([]).height == 0


def test_of_many_applications_those_with_most_users_are_drawn(alices: Browser, alice: User, bob: User) -> None:
    for number in range(61):
        add(alice, f"Application {number:02}")
    obtain(generate(add(alice, "Zebra"), grant_types=["password"]), "bob")
    page = alices.get(URL)

    assert page.content.decode().count('class="chart-bar"') == 10
    assert '<text class="chart-label" x="0" y="14">Zebra<title>' in page.content.decode()
    assert "The 10 applications with the most." in page.content.decode()
    assert len(page.context["rows"]) == 60
