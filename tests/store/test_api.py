from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from store import paging, subscriptions
from store.models import Api, Application, Subscription
from tests.store.conftest import add, browser_of, generate, publish, tier


def url(api: Api) -> str:
    return f"/store/apis/{api.pk}/"


def send(browser: Browser, api: Api, application: object, tier: str = "Gold") -> Any:
    return browser.post(url(api), {"application": str(application), "tier": tier})


def test_it_works_signed_out(client: Browser, photoshare: Api) -> None:
    page = client.get(url(photoshare)).content.decode()

    assert "https://localhost:8243/photos/1.0" in page
    assert "See your photos" in page
    assert "Sign In to subscribe" in page


def test_it_says_where_no_subscription_is_needed(client: Browser, photoshare: Api, bob: User) -> None:
    words = "Any client may call this API once you have approved it, under the tier Bronze"
    assert words not in client.get(url(photoshare)).content.decode()

    publish(bob, subscriptionless_tier="Bronze")

    assert words in client.get(url(photoshare)).content.decode()


def test_the_default_application_is_preselected(alices: Browser, photoshare: Api) -> None:
    page = alices.get(url(photoshare))

    default = Application.objects.get(name="DefaultApplication")
    assert page.context["form"]["application"].value() == str(default.pk)
    assert "New Application…" in page.content.decode()


def test_subscribing_works(alices: Browser, photoshare: Api, printer: Application) -> None:
    response = send(alices, photoshare, printer.pk, "Silver")

    assert response.headers["Location"] == f"/store/applications/{printer.pk}/subscriptions/"
    assert Subscription.objects.get().policy.name == "Silver"


def test_subscribing_reaches_the_tokens(alices: Browser, photoshare: Api, printer: Application) -> None:
    generated = generate(printer)
    send(alices, photoshare, printer.pk)

    assert generated.client.scopes == ["photos:read", "photos:write"]
    assert generated.client.access_token_claims["subscriptions"] == {"photos/1.0": "Gold"}


def test_a_new_application_comes_back_here(alices: Browser, photoshare: Api) -> None:
    response = send(alices, photoshare, "new", "Bronze")
    added = alices.post(
        response.headers["Location"], {"name": "Fresh", "policy": "50PerMin", "token_type": "JWT"}, follow=True
    )

    fresh = Application.objects.get(name="Fresh")
    assert added.request["PATH_INFO"] == url(photoshare)
    assert added.context["form"]["application"].value() == str(fresh.pk)
    assert added.context["form"]["tier"].value() == "Bronze"


def test_an_application_that_is_subscribed_is_not_offered(
    alices: Browser, photoshare: Api, subscribed: Application
) -> None:
    page = alices.get(url(photoshare))

    assert str(subscribed.pk) not in page.context["form"].offered
    assert "Your subscriptions" in page.content.decode()


@pytest.fixture
def three_a_page(alice: User, monkeypatch: pytest.MonkeyPatch) -> list[Application]:
    """Five of alice's applications, where a page has three."""
    monkeypatch.setattr(paging, "ROWS", 3)
    return [add(alice, f"Robot {number}") for number in range(5)]


def offered(page: Any) -> list[str]:
    return [name for _, name in page.context["form"].fields["application"].choices[2:]]


def test_who_has_few_is_not_asked_to_search(alices: Browser, photoshare: Api, printer: Application) -> None:
    assert "Search your applications" not in alices.get(url(photoshare)).content.decode()


def test_of_very_many_one_is_found_by_its_name(
    alices: Browser, photoshare: Api, three_a_page: list[Application]
) -> None:
    first = alices.get(url(photoshare))
    assert offered(first) == ["DefaultApplication", "Robot 0", "Robot 1"]
    assert "Search your applications" in first.content.decode()

    found = alices.get(url(photoshare), {"q": "bot 4"})
    assert offered(found) == ["Robot 4"]
    assert found.context["form"]["application"].value() == str(three_a_page[4].pk)
    assert "No application that could be" in alices.get(url(photoshare), {"q": "<b>\0"}).content.decode()


def test_one_that_is_chosen_is_offered_wherever_it_stands(
    alices: Browser, photoshare: Api, three_a_page: list[Application]
) -> None:
    chosen = three_a_page[4]
    page = alices.get(url(photoshare), {"application": str(chosen.pk)})
    assert page.context["form"]["application"].value() == str(chosen.pk)
    assert offered(page)[-1] == "Robot 4"

    assert offered(send(alices, photoshare, chosen.pk, tier="Platinum"))[-1] == "Robot 4"
    assert send(alices, photoshare, chosen.pk).status_code == 302


def test_of_very_many_subscriptions_the_first_are_shown(
    alices: Browser, photoshare: Api, three_a_page: list[Application]
) -> None:
    for application in three_a_page:
        subscriptions.subscribe(application=application, api=photoshare, policy=tier("Gold"))

    page = alices.get(url(photoshare)).content.decode()
    assert "Robot 2" in page
    assert "Robot 3" not in page
    assert "Show all your subscriptions" in page


@pytest.mark.parametrize(
    ("application", "tier", "sentence"),
    [
        ("", "Gold", "Select an application."),
        (uuid.uuid4(), "Gold", "Select one of your applications"),
        ("new", "Platinum", "Choose one of the tiers offered."),
        ("new", "50PerMin", "Choose one of the tiers offered."),
    ],
)
def test_a_bad_choice_is_told(alices: Browser, photoshare: Api, application: object, tier: str, sentence: str) -> None:
    response = send(alices, photoshare, application, tier)

    assert sentence in response.content.decode()
    assert not Subscription.objects.exists()


def test_somebody_elses_application_cannot_be_subscribed(alices: Browser, photoshare: Api, charlie: User) -> None:
    theirs = add(charlie, "Theirs")

    assert "Select one of your applications" in send(alices, photoshare, theirs.pk).content.decode()
    assert not Subscription.objects.exists()


def test_a_deprecated_api_takes_no_new_subscriptions(alices: Browser, photoshare: Api, printer: Application) -> None:
    Api.objects.update(status=Api.Status.DEPRECATED)

    assert "takes no new subscriptions" in alices.get(url(photoshare)).content.decode()
    send(alices, photoshare, printer.pk)
    assert not Subscription.objects.exists()


def test_signed_out_subscribing_leads_to_sign_in(client: Browser, photoshare: Api) -> None:
    response = send(client, photoshare, "new")

    assert response.headers["Location"] == f"/accounts/login/?next={url(photoshare)}"


def test_one_that_is_not_published_is_its_providers_only(photoshare: Api, bob: User, charlies: Browser) -> None:
    Api.objects.update(status=Api.Status.CREATED)

    assert browser_of(bob).get(url(photoshare)).status_code == 200
    assert charlies.get(url(photoshare)).status_code == 404


def test_bad_id(client: Browser, db: None) -> None:
    assert client.get(f"/store/apis/{uuid.uuid4()}/").status_code == 404
    assert client.get("/store/apis/1/").status_code == 404


def test_wrong_method(client: Browser, photoshare: Api) -> None:
    assert client.delete(url(photoshare)).status_code == 405
