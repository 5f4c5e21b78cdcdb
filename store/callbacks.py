"""Which callback URLs an application may register: the key manager's rule, as the form and the command ask it."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError

from store import key_managers

MAX_COUNT = 20


def validate_callback_url(url: str, *, public: bool) -> None:
    if sentence := key_managers.current().refused_callback_url(url, public=public):
        raise ValidationError(sentence, code="callback_url")


def validate_callback_urls(urls: Collection[str], *, public: bool) -> None:
    validate_count(urls)
    for url in urls:
        validate_callback_url(url, public=public)


def validate_count(urls: Collection[str]) -> None:
    if len(urls) > MAX_COUNT:
        sentence = f"An application has at most {MAX_COUNT} callback URLs; these are {len(urls)}."
        raise ValidationError(sentence, code="callback_url")
