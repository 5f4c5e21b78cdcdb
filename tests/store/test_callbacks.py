from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from store import callbacks


@pytest.mark.parametrize(
    "url",
    [
        "https://printer.example/callback",
        "https://printer.example:8443/cb?tenant=1&x=%20",
        "http://localhost:8080/playground2/oauth2client",
        "http://127.0.0.1/cb",
        "http://[::1]:3000/cb",
        "https://xn--caf-dma.example/cb",
        "https://a.example/?next=https://b.example/",
    ],
)
def test_it_is_accepted(url: str) -> None:
    callbacks.validate_callback_url(url, public=False)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/callback", "Enter the whole URL"),
        ("printer.example/callback", "Enter the whole URL"),
        ("localhost:8080/cb", "Enter the whole URL"),
        ("//printer.example/cb", "Enter the whole URL"),
        ("https:///cb", "Enter the whole URL with its host"),
        ("https:cb", "Enter the whole URL with its host"),
        ("https://a.example/cb#done", "Leave out the fragment"),
        ("https://a.example/cb#", "Leave out the fragment"),
        ("https://*.example/cb", "without the wildcard"),
        ("https://a.example/*", "without the wildcard"),
        ("javascript:alert(1)", "javascript: are not accepted"),
        ("JavaScript:alert(1)", "javascript: are not accepted"),
        ("data:text/html,x", "data: are not accepted"),
        ("ftp://a.example/cb", "ftp: are not accepted"),
        ("http://a.example/cb", "Use https"),
        ("http://localhost.evil.example/cb", "Use https"),
        ("https://alice:pw@a.example/cb", "Leave out the user name"),
        ("https://a.example/my cb", "no spaces"),
        ("https://a.example/\tcb", "no spaces"),
        ("java\nscript:alert(1)", "no spaces"),
        ("https://a.example\\@evil.example/", "no spaces"),
        ("https://café.example/cb", "beyond ASCII"),
        ("https://a.example/cb https://b.example/cb", "Enter one URL here"),
        ("https://a.example/cb,https://b.example/cb", "Enter one URL here"),
        ("https://[::1/cb", "not a valid URL"),
        ("https://a.example:99999/cb", "not a valid URL"),
        ("https://a.example:x/cb", "not a valid URL"),
        ("https://a.example/" + "x" * 2000, "at most 2000 characters"),
        ("com.example.app:/cb", "tick “Public client” first"),
    ],
)
def test_each_bad_one_has_its_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        callbacks.validate_callback_url(url, public=False)

    assert len(caught.value.messages) == 1
    assert sentence in caught.value.messages[0]


def test_an_app_on_a_device_may_use_its_own_scheme() -> None:
    callbacks.validate_callback_url("com.example.app:/cb", public=True)


@pytest.mark.parametrize("url", ["myapp:/cb", "javascript:alert(1)", "example.com:8080/cb"])
def test_its_own_scheme_is_a_reversed_domain(url: str) -> None:
    with pytest.raises(ValidationError):
        callbacks.validate_callback_url(url, public=True)


def test_there_are_at_most_twenty() -> None:
    with pytest.raises(ValidationError, match="at most 20"):
        callbacks.validate_callback_urls([f"https://a.example/{n}" for n in range(21)], public=False)
