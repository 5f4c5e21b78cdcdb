from __future__ import annotations

from django import template

from accounts.models import User
from store import access

register = template.Library()


@register.filter
def may_publish(user: User) -> bool:
    return access.is_provider(user)
