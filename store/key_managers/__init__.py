"""The seam between the store and whoever issues keys. base.py is the protocol, builtin.py our own key manager."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from store.key_managers.base import KeyManager


@cache
def current() -> KeyManager:
    try:
        manager_class = import_string(settings.KEY_MANAGER)
    except ImportError as error:
        raise ImproperlyConfigured(f"APIM_KEY_MANAGER names no class: {error}") from error
    key_manager: KeyManager = manager_class()
    return key_manager
