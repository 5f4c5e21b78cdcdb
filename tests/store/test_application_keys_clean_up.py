from __future__ import annotations

from django.test import Client as Browser

from keymanager.models import Client
from store.models import Application, ApplicationKey
from tests.store.conftest import Generated


def url(application_id: object) -> str:
    return f"/store/applications/{application_id}/production-keys/clean-up/"


def test_twice_is_once(alices: Browser, printer: Application) -> None:
    ApplicationKey.objects.create(application=printer, key_type="PRODUCTION")

    first, second = alices.post(url(printer.pk)), alices.post(url(printer.pk))

    assert first.headers["Location"] == second.headers["Location"]
    assert not ApplicationKey.objects.exists()


def test_a_client_that_is_there_goes_too(alices: Browser, generated: Generated) -> None:
    alices.post(url(generated.key.application_id))

    assert not Client.objects.exists()


def test_a_get_cleans_nothing(alices: Browser, generated: Generated) -> None:
    alices.get(url(generated.key.application_id))

    assert ApplicationKey.objects.exists()
