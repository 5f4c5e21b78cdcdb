"""Who calls the REST API: a person with a browser session, or with an access token that a scope allows this."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpResponseBase
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.models import User
from store import access, key_managers
from store.api.errors import InsufficientScope

REALM = 'Bearer realm="API Manager"'
View = Callable[..., HttpResponseBase]


class BearerAuthentication(BaseAuthentication):
    """RFC 6750 2.1, of a person only: what an application may publish is nobody's to say."""

    def authenticate(self, request: Request) -> tuple[User, frozenset[str]] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        holder = key_managers.current().holder_of(token.strip())
        user = User.objects.filter(pk=holder.user_id, is_active=True).first() if holder and holder.user_id else None
        if holder is None or user is None:
            raise AuthenticationFailed("The access token is no good here.")
        return user, holder.scopes

    def authenticate_header(self, request: Request) -> str:
        return REALM


CLASSES: list[type[BaseAuthentication]] = [BearerAuthentication, SessionAuthentication]


def caller(request: Request) -> User:
    return cast("User", request.user)


def for_providers(**scopes: str) -> Callable[[View], View]:
    """The view is for those who publish APIs; by a token only with the scope that its method asks for."""

    def decorated(view: View) -> View:
        @wraps(view)
        def inner(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            needed = scopes["get" if request.method == "HEAD" else str(request.method).lower()]
            scopes_given = cast("frozenset[str] | None", request.auth)
            if scopes_given is not None and needed not in scopes_given:
                raise InsufficientScope(f"The access token needs the scope {needed}.")
            if not access.is_provider(caller(request)):
                raise PermissionDenied("You may not publish APIs.")
            return view(request, *args, **kwargs)

        return inner

    return decorated
