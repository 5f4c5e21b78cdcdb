from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from keymanager import client_secrets
from keymanager.models import Client
from store.models import Api, Application, ApplicationKey, Subscription
from tests.store.conftest import CALLBACK, Generated

if TYPE_CHECKING:
    from pytest_django import Settings

CODE = ["--grant-type", "authorization_code", "--grant-type", "refresh_token", "--callback-url", CALLBACK]
NAMED = ["--owner", "alice", "--application", "Photo Printer"]


def run(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("generate_keys", *NAMED, *arguments, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_it_creates_what_is_missing_and_prints_json(alice: User, photoshare: Api) -> None:
    answer = run(*CODE, "--callback-url", "http://localhost/cb", "--subscribe", "PhotoShare:1.0:Gold")

    client = Client.objects.get()
    assert answer["consumerKey"] == client.client_id
    assert client_secrets.verify(client.client_id, answer["consumerSecret"]) == client
    assert answer["keyType"] == "PRODUCTION"
    assert answer["callbackUrls"] == [CALLBACK, "http://localhost/cb"]
    assert answer["grantTypes"] == ["authorization_code", "refresh_token"]
    assert Subscription.objects.get().policy.name == "Gold"


def test_a_public_client_has_no_secret(alice: User) -> None:
    assert run(*CODE, "--public")["consumerSecret"] is None
    assert Client.objects.get().is_public


def test_sandbox_keys_are_separate(generated: Generated) -> None:
    answer = run(*CODE, "--key-type", "SANDBOX")

    assert answer["consumerSecret"].startswith("cs_test_")
    assert ApplicationKey.objects.count() == 2


def test_keys_that_exist_are_left_alone(generated: Generated) -> None:
    with pytest.raises(CommandError, match=r"exist already[.] With --regenerate-secret they get"):
        run(*CODE)
    assert client_secrets.verify(str(generated.key.consumer_key), str(generated.secret))


def test_they_are_updated_and_get_a_new_secret_when_asked(generated: Generated) -> None:
    answer = run("--grant-type", "client_credentials", "--regenerate-secret")

    assert answer["consumerKey"] == generated.key.consumer_key
    assert answer["grantTypes"] == ["client_credentials"]
    assert answer["callbackUrls"] == []
    assert client_secrets.verify(answer["consumerKey"], answer["consumerSecret"])
    assert not client_secrets.verify(answer["consumerKey"], str(generated.secret))


def test_new_secret_is_told_when_every_process_knows_it(
    generated: Generated, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    settings.CLIENT_CACHE_SECONDS = 2

    run(*CODE, "--regenerate-secret")

    assert waited == [2]


def test_without_keys_the_same_words_generate_them(alice: User) -> None:
    assert run(*CODE, "--regenerate-secret")["consumerSecret"]


def test_a_subscription_under_another_tier_is_changed(generated: Generated) -> None:
    run(*CODE, "--key-type", "SANDBOX", "--subscribe", "PhotoShare:1.0:Bronze")

    assert Subscription.objects.get().policy.name == "Bronze"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--owner", "nobody"], "There is no user nobody."),
        (["--subscribe", "Weather:1.0:Gold"], "There is no API Weather 1.0 in the store"),
        (["--subscribe", "PhotoShare"], "There is no API PhotoShare"),
        (["--subscribe", "PhotoShare:1.0:Platinum"], "There is no tier Platinum; choose one of Gold, Silver"),
        (["--grant-type", "magic"], "There is no grant type magic here."),
        (["--callback-url", "/cb"], "Enter the whole URL"),
        (["--callback-url", "javascript:alert(1)"], "javascript: are not accepted"),
        (["--lifetime", "0"], "Enter at least 1 second"),
        (["--key-type", "STAGING"], "There is no key type STAGING"),
        (["--quota", "Gold"], "Choose one of the quotas offered."),
        (["--application", "<b>"], "cannot be in a name"),
        (["--public", "--grant-type", "client_credentials"], "A public client has no secret"),
    ],
)
def test_a_broken_rule_is_a_clear_message(alice: User, photoshare: Api, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence.replace("?", "[?]")):
        run(*CODE, *arguments)
    assert not ApplicationKey.objects.exists()
    assert not Application.objects.exclude(name="DefaultApplication").exists()


def test_code_needs_a_callback_here_too(alice: User) -> None:
    with pytest.raises(CommandError, match="Enter a callback URL"):
        run("--grant-type", "authorization_code")


def test_the_kind_of_a_client_cannot_be_changed(generated: Generated) -> None:
    with pytest.raises(CommandError, match="belong to a confidential client"):
        run(*CODE, "--public", "--regenerate-secret")


def test_a_message_goes_to_stderr_with_exit_1() -> None:
    command = [sys.executable, "manage.py", "generate_keys", *NAMED, "--key-type", "STAGING"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "There is no key type STAGING" in ended.stderr
