"""The original's client registration (wso2-2.6.md section 6): by user name and password a developer registers a client
of their own, mostly to call the REST APIs of the store."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from keymanager import (
    client_authentication,
    client_cache,
    client_descriptions,
    client_secrets,
    clients,
    errors,
    redirect_uris,
)
from keymanager.grants import EXCHANGES, password
from keymanager.models import Client, ClientURI, KeyType, Origin, Scope

KEY_TYPES = {"production": KeyType.PRODUCTION, "sandbox": KeyType.SANDBOX}
# The secret is shown once, and a script that registers again wants one that works: the newest few do.
LIVE_SECRETS = 5
LONGEST_NAME = 100


@transaction.atomic
def register(request: HttpRequest, body: dict[str, Any]) -> dict[str, Any]:
    """The client of that name and owner, made or found again, with a secret that works."""
    owner = owner_of(request, body)
    name, grant_types = name_of(body), grant_types_of(body)
    callback = callback_of(body, grant_types)
    fields: dict[str, Any] = {
        "grant_types": grant_types,
        "scopes": list(Scope.objects.values_list("name", flat=True)),
        "id_token_signed_response_alg": client_descriptions.algorithm_of({}),
    }
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    client = Client.objects.filter(user=owner, name=name, origin=Origin.OWNER).first()
    if client is None:
        client, secret = clients.register(
            public=False,
            redirect_uris=callback,
            name=name,
            user_id=owner.pk,
            owner_name=owner.get_username(),
            key_type=key_type_of(body),
            origin=Origin.OWNER,
            **fields,
        )
    else:
        clients.update(client, redirect_uris=callback, **fields)
        secret = another_secret(client)
    return answer(client, str(secret), owner)


def owner_of(request: HttpRequest, body: dict[str, Any]) -> User:
    """Who calls; for somebody else only an administrator registers."""
    username, secret = client_authentication.basic_credentials(request.headers.get("Authorization", ""))
    try:
        caller = password.authenticate(request, username, secret)
    except errors.InvalidGrant as fault:
        raise errors.InvalidClient("Wrong user name or password.", detail=fault.detail) from None
    named = body.get("owner", caller.get_username())
    if named == caller.get_username():
        return caller
    owner = User.objects.filter(username=named, is_active=True).first() if isinstance(named, str) else None
    if not caller.is_superuser or owner is None:
        raise errors.InvalidClientMetadata("owner has to be the user who registers.")
    return owner


def name_of(body: dict[str, Any]) -> str:
    name = body.get("clientName")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise errors.InvalidClientMetadata(f"clientName is a text of at most {LONGEST_NAME} characters.")
    return name


def grant_types_of(body: dict[str, Any]) -> list[str]:
    """Those of the list that there are here: the original's samples name others too."""
    said = body.get("grantType", "")
    if not isinstance(said, str):
        raise errors.InvalidClientMetadata("grantType is a text with spaces between the grant types.")
    return [name for name in dict.fromkeys(said.split()) if name in {*EXCHANGES, "implicit"}]


def callback_of(body: dict[str, Any], grant_types: list[str]) -> list[str]:
    """Looked at only where it is used: the original's sample has one that is no address, for the password grant."""
    if not {"authorization_code", "implicit"} & set(grant_types):
        return []
    callback = body.get("callbackUrl")
    if not isinstance(callback, str) or (sentence := redirect_uris.refused(callback, public=False)):
        raise errors.InvalidRedirectURI(sentence if isinstance(callback, str) else "callbackUrl is missing.")
    return [callback]


def key_type_of(body: dict[str, Any]) -> str:
    said = body.get("tokenScope", "Production")
    if not isinstance(said, str) or said.lower() not in KEY_TYPES:
        raise errors.InvalidClientMetadata("tokenScope is Production or Sandbox.")
    return KEY_TYPES[said.lower()].value


def another_secret(client: Client) -> str:
    secret = client_secrets.add(client, name="registered again")
    newest = client.secrets.filter(revoked_at=None).order_by("-created_at", "-pk").values_list("pk", flat=True)
    client.secrets.filter(revoked_at=None).exclude(pk__in=list(newest[:LIVE_SECRETS])).update(revoked_at=timezone.now())
    client_cache.forget()
    return secret


def answer(client: Client, secret: str, owner: User) -> dict[str, Any]:
    callback = client.uris_of(ClientURI.Kind.REDIRECT)
    inner = {
        "grant_types": " ".join(client.grant_types),
        "redirect_uris": callback,
        "client_name": client.name,
        "username": owner.get_username(),
    }
    return {
        "clientId": client.client_id,
        "clientName": client.name,
        "callBackURL": callback,
        "clientSecret": secret,
        "isSaasApplication": True,
        "appOwner": owner.get_username(),
        "jsonString": json.dumps(inner),
    }
