from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "store"
    verbose_name = "API Store"

    def ready(self) -> None:
        from store import key_managers

        key_managers.current()  # a setting that names none stops the start, not the first request
