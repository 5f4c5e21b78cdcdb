from __future__ import annotations

from django.apps import AppConfig


class KeyManagerConfig(AppConfig):
    name = "keymanager"
    verbose_name = "Key Manager"
