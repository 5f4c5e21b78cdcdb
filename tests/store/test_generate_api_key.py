"""manage.py generate_api_key"""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from store import api_keys
from store.models import ApiKey, Application


def run(**changes: Any) -> dict[str, Any]:
    printed = StringIO()
    options = {"owner": "alice", "application": "photo printer", "name": "Nightly import"} | changes
    call_command("generate_api_key", stdout=printed, **options)
    answer: dict[str, Any] = json.loads(printed.getvalue())
    return answer


def test_key_is_printed_and_good(subscribed: Application) -> None:
    answer = run(key_type="SANDBOX", days="0")

    assert api_keys.access_token(answer["apiKey"])
    assert (answer["application"], answer["keyType"], answer["expiresAt"]) == ("Photo Printer", "SANDBOX", None)


def test_key_has_an_end_unless_it_is_said(subscribed: Application) -> None:
    assert run()["expiresAt"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"owner": "nobody"}, "nobody has no application called photo printer."),
        ({"application": "Another"}, "alice has no application called Another."),
        ({"key_type": "BOTH"}, "key type: Choose Production or Sandbox."),
        ({"days": "1"}, "expires: Choose one of the times offered."),
    ],
)
def test_bad_option_is_told_in_a_sentence(subscribed: Application, changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(**changes)
    assert not ApiKey.objects.exists()
