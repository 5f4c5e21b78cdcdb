from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person: developer, end user or administrator.

    `subject` is what tokens carry as `sub` (OpenID Connect Core 2: never reassigned), so a user name may change hands.
    """

    subject = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)
