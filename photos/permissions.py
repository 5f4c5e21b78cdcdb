"""What a token must allow: a person behind it, and the scope of the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from photos.authentication import caller_of
from photos.errors import InsufficientScope

if TYPE_CHECKING:  # rest_framework.views reads the settings, which name this module
    from rest_framework.views import APIView

READ = "photos:read"
WRITE = "photos:write"


class IsPerson(BasePermission):
    """PhotoShare shows the pictures of a person; a token of the client credentials grant has none behind it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or raises InsufficientScope."""
        if caller_of(request).is_application:
            raise InsufficientScope(
                "PhotoShare shows the pictures of a person, and this access token stands for an application. "
                "Use a grant in which a person signs in."
            )
        return True


class HasScope(BasePermission):
    """photos:read to look, photos:write to change."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or raises InsufficientScope naming the scope."""
        needed = READ if request.method in SAFE_METHODS else WRITE
        if needed not in caller_of(request).scopes:
            raise InsufficientScope(f"This needs the scope {needed}, which the access token lacks.", scope=needed)
        return True
