"""RFC 6749 4.3. Off unless ticked for the key set; for a developer's own first-party clients only."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import authentication_methods
from accounts.models import User
from keymanager import authorizations, errors, oidc, scopes, tokens
from keymanager.grants.base import Answer, TokenRequest
from keymanager.models import TokenHolder

WRONG = "Provided Authorization Grant is invalid"


def exchange(request: TokenRequest) -> Answer:
    """The password is checked before the transaction: hashing takes long, and nobody should wait for its locks."""
    user = authenticate(request.http, request.required("username"), request.required("password"))
    return issue(request, user)


@transaction.atomic
def issue(request: TokenRequest, user: User) -> Answer:
    authorization = authorizations.record(
        user=user,
        client=request.client,
        grant_type="password",
        scope=scopes.granted(request.client, request.parameters.get("scope", "")),
        auth_time=timezone.now(),
        acr=authentication_methods.ONE_FACTOR_ACR,
        amr=[authentication_methods.PASSWORD],
    )
    remember_holder(request, user)
    answer = tokens.for_authorization(authorization, request.content(authorization))
    if "openid" in authorization.scope.split():
        answer["id_token"] = oidc.id_token(authorization, access_token=answer["access_token"])
    return answer


def authenticate(request: HttpRequest, username: str, password: str) -> User:
    """The account, under the same limit of wrong tries as the login page (RFC 6749 4.3.2: MUST protect from brute
    force)."""
    try:
        user = get_adapter(request).authenticate(request, username=username, password=password)
    except ValidationError:
        raise errors.InvalidGrant("Too many wrong passwords; try again later.", detail="rate limit") from None
    if not isinstance(user, User) or not user.is_active:
        raise errors.InvalidGrant(WRONG, detail="wrong username or password, or an account that is switched off")
    if is_mfa_enabled(user):
        raise errors.InvalidGrant(WRONG, detail="this account asks for a second step, which this grant has no room for")
    return user


def remember_holder(request: TokenRequest, user: User) -> None:
    """For "Registered Users": each user once, however many tokens."""
    holder = TokenHolder(client=request.client, user=user, grant_type="password")
    TokenHolder.objects.bulk_create([holder], ignore_conflicts=True)
