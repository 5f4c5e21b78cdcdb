from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser

from keymanager.models import Client, ClientSecret
from store import keys
from store.key_managers import builtin
from store.key_managers.base import KeyManagerError
from store.models import Application, ApplicationKey
from tests.store.conftest import CALLBACK, Generated, generate, typed

SHOWN_ONCE = "Copy the consumer secret now."


def url(application: Application, tail: str = "") -> str:
    return f"/store/applications/{application.pk}/production-keys/{tail}"


def send(browser: Browser, application: Application, **changes: Any) -> Any:
    return browser.post(url(application), typed(**changes))


def secret_in(page: str) -> str:
    found = re.search(r'id="consumer-secret" value="([^"]+)"', page)
    return found[1] if found else ""


def test_the_form_before(alices: Browser, subscribed: Application) -> None:
    page = alices.get(url(subscribed)).content.decode()

    for words in ("Callback URL", "Code", "Implicit", "Refresh Token", "Password", "Client Credentials", "Scopes"):
        assert f">{words}<" in page
    assert "Access token validity period" in page
    assert "Generate Keys" in page


def test_what_is_preselected(alices: Browser, subscribed: Application) -> None:
    form = alices.get(url(subscribed)).context["form"]

    assert [t.label for t in form.grant_type_tiles if t.checked] == ["Refresh Token", "Client Credentials"]
    assert form["access_token_lifetime"].value() == 3600


def test_without_javascript_every_box_can_be_used(alices: Browser, subscribed: Application) -> None:
    page = alices.get(url(subscribed)).content.decode()

    assert not re.search(r"<input[^>]*type=\"checkbox\"[^>]*disabled", page)


def test_without_a_subscription_there_are_no_scopes(alices: Browser, printer: Application) -> None:
    assert "No scopes found: subscribe to an API first" in alices.get(url(printer)).content.decode()


def test_generating_works(alices: Browser, subscribed: Application) -> None:
    response = send(alices, subscribed)

    client = Client.objects.get()
    assert response.status_code == 200
    assert f'value="{client.client_id}"' in response.content.decode()
    assert client.grant_types == ["authorization_code", "refresh_token"]
    assert client.redirect_uris == CALLBACK
    assert client.scopes == ["photos:read", "photos:write"]
    assert (client.owner_name, client.name, client.key_type) == ("alice", "Photo Printer", "PRODUCTION")


def test_the_claims_tell_the_gateway_what_the_application_may_do(alices: Browser, subscribed: Application) -> None:
    send(alices, subscribed)

    assert Client.objects.get().access_token_claims == {
        "application": {"id": str(subscribed.pk), "name": "Photo Printer", "tier": "50PerMin", "owner": "alice"},
        "subscriptions": {"photos/1.0": "Gold"},
    }


def test_the_secret_is_shown_once(alices: Browser, subscribed: Application) -> None:
    first = send(alices, subscribed)
    later = alices.get(url(subscribed)).content.decode()

    assert SHOWN_ONCE in first.content.decode()
    assert secret_in(first.content.decode()).startswith("cs_live_")
    assert first.headers["Cache-Control"] == "no-store"
    assert SHOWN_ONCE not in later
    assert secret_in(first.content.decode()) not in later
    assert ClientSecret.objects.get().prefix in later


def test_the_secret_lies_nowhere_in_the_session(alices: Browser, subscribed: Application) -> None:
    secret = secret_in(send(alices, subscribed).content.decode())

    assert secret not in str(dict(alices.session))


def test_a_reload_generates_nothing_and_says_so(alices: Browser, subscribed: Application) -> None:
    send(alices, subscribed)
    again = send(alices, subscribed)

    assert again.status_code == 409
    assert "Production keys exist already." in again.content.decode()
    assert Client.objects.count() == 1
    assert secret_in(again.content.decode()) == ""


def test_production_and_sandbox_are_separate(alices: Browser, generated: Generated) -> None:
    application = generated.key.application
    response = alices.post(f"/store/applications/{application.pk}/sandbox-keys/", typed())

    assert secret_in(response.content.decode()).startswith("cs_test_")
    assert sorted(Client.objects.values_list("key_type", flat=True)) == ["PRODUCTION", "SANDBOX"]


def test_several_callbacks_are_one_a_line(alices: Browser, subscribed: Application) -> None:
    send(alices, subscribed, more_callback_urls=f"http://localhost:3000/cb\r\n\r\n {CALLBACK} \r\n")

    assert Client.objects.get().redirect_uris.split() == [CALLBACK, "http://localhost:3000/cb"]


def test_a_choice_of_scopes_holds(alices: Browser, subscribed: Application) -> None:
    send(alices, subscribed, scopes=["photos:read"])

    assert Client.objects.get().scopes == ["photos:read"]
    assert ApplicationKey.objects.get().scopes == ["photos:read"]


def test_a_public_client_has_no_secret(alices: Browser, subscribed: Application) -> None:
    page = send(alices, subscribed, public="on").content.decode()

    assert Client.objects.get().is_public
    assert secret_in(page) == ""
    assert "A public client has no consumer secret." in page
    assert SHOWN_ONCE not in page


@pytest.mark.parametrize("box", ["authorization_code", "implicit"])
def test_a_forged_box_without_a_callback_is_refused(alices: Browser, subscribed: Application, box: str) -> None:
    page = send(alices, subscribed, callback_url=" ", grant_types=[box]).content.decode()

    assert "Enter a callback URL, or untick Code and Implicit" in page
    assert not ApplicationKey.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"grant_types": []}, "Choose at least one grant type."),
        ({"grant_types": ["magic"]}, "There is no grant type magic here."),
        ({"scopes": ["photos:admin"]}, "photos:admin is not a scope of an API"),
        ({"access_token_lifetime": ""}, "Enter a number of seconds"),
        ({"access_token_lifetime": "0"}, "Enter at least 1 second"),
        ({"access_token_lifetime": "-1"}, "Enter at least 1 second"),
        ({"access_token_lifetime": "1e9"}, "Enter a whole number of seconds"),
        ({"access_token_lifetime": "31536001"}, "Enter at most 31536000 seconds"),
        ({"access_token_lifetime": "9" * 30}, "Enter at most 31536000 seconds"),
        ({"access_token_lifetime": "9" * 5000}, "Enter a whole number of seconds"),
        ({"public": "on", "grant_types": ["client_credentials"]}, "A public client has no secret"),
        ({"callback_url": "/cb"}, "Enter the whole URL, beginning with https://"),
        ({"more_callback_urls": "https://a.example/#x"}, "Leave out the fragment"),
        ({"more_callback_urls": "\n".join(f"https://a.example/{n}" for n in range(20))}, "at most 20 callback URLs"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_lost(
    alices: Browser, subscribed: Application, changes: dict[str, Any], sentence: str
) -> None:
    response = send(alices, subscribed, **changes)

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not ApplicationKey.objects.exists()
    assert response.context["form"]["callback_url"].value() == changes.get("callback_url", CALLBACK)


def test_a_refusal_of_the_key_manager_is_told_and_frees_the_way(
    alices: Browser, subscribed: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise KeyManagerError("The key manager is full.")

    with monkeypatch.context() as patched:
        patched.setattr(builtin.BuiltinKeyManager, "register", refuse)
        response = send(alices, subscribed)

    assert response.status_code == 409
    assert "The key manager is full." in response.content.decode()
    assert response.context["form"]["callback_url"].value() == CALLBACK
    assert send(alices, subscribed).status_code == 200


def test_keys_that_broke_off_half_way_can_be_cleaned_up(alices: Browser, subscribed: Application) -> None:
    ApplicationKey.objects.create(application=subscribed, key_type="PRODUCTION")

    assert "Partially created keys" in alices.get(url(subscribed)).content.decode()
    alices.post(url(subscribed, "clean-up/"))
    assert "Generate Keys" in alices.get(url(subscribed)).content.decode()


def test_keys_that_are_gone_at_the_key_manager_are_told(alices: Browser, generated: Generated) -> None:
    generated.client.delete()
    page = alices.get(url(generated.key.application))

    assert page.status_code == 200
    assert "The key manager does not know this consumer key any more." in page.content.decode()


def test_an_application_that_is_cleaned_up_meanwhile_leaves_no_client(
    subscribed: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = builtin.BuiltinKeyManager.register

    def slowly(self: Any, client: Any) -> Any:
        ApplicationKey.objects.all().delete()
        return register(self, client)

    monkeypatch.setattr(builtin.BuiltinKeyManager, "register", slowly)
    with pytest.raises(keys.KeysGoneError):
        generate(subscribed)
    assert not Client.objects.exists()


def test_the_other_type_is_not_a_word_of_ones_own(alices: Browser, printer: Application) -> None:
    assert alices.get(f"/store/applications/{printer.pk}/staging-keys/").status_code == 404
