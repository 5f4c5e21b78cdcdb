"""The fixed cast: alice owns, bob and charlie are end users and strangers to alice's applications.

Nothing is imported from the portal at the top: the photo service's and the playground's tests pass through here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import User


def person(name: str, **extra: Any) -> User:
    from accounts.models import User

    return User.objects.create_user(name, f"{name}@example.com", name, **extra)


@pytest.fixture
def alice(db: None) -> User:
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob", first_name="Bob", last_name="Baker")


@pytest.fixture
def charlie(db: None) -> User:
    return person("charlie")
