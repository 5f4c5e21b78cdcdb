"""Our own key manager behind the seam. The only module outside keymanager that sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from keymanager import (
    calls,
    client_descriptions,
    client_secrets,
    clients,
    dpop,
    errors,
    redirect_uris,
    resource_access,
    revoked,
    scopes,
    signing,
    subjects,
    tokens,
)
from keymanager.models import Client, Scope, SigningAlgorithm, TokenFormat, TokenHolder
from store.key_managers.base import (
    ApplicationCall,
    Call,
    Caller,
    CallRefusedError,
    CheckedCall,
    ClientDescription,
    ClientSettings,
    Credentials,
    Holder,
    IssuedToken,
    KeyManagerError,
    Revocation,
    SecretDescription,
)

ALGORITHM = "id_token_signed_response_alg"  # a member of RFC 7591's registry, and a column
FORMATS = {"JWT": TokenFormat.JWT, "OAUTH": TokenFormat.OPAQUE}


class BuiltinKeyManager:
    def refused_callback_url(self, url: str, *, public: bool) -> str:
        return redirect_uris.refused(url, public=public)

    def register(self, client: ClientSettings) -> Credentials:
        with told_to_the_developer(), transaction.atomic():
            registered, secret = clients.register(
                public=client.public,
                key_type=client.key_type,
                user_id=client.owner_id,
                redirect_uris=client.callback_urls,
                **changeable(client),
            )
            clients.set_post_logout_redirect_uris(registered, client.post_logout_urls)
        return Credentials(consumer_key=registered.client_id, consumer_secret=secret)

    def describe(self, consumer_key: str) -> ClientDescription:
        client = find(consumer_key)
        return ClientDescription(
            consumer_key=client.client_id,
            callback_urls=client.redirect_uris.split(),
            grant_types=client.grant_types,
            scopes=client.scopes,
            access_token_lifetime=client.access_token_lifetime,
            public=client.is_public,
            secrets=[
                SecretDescription(
                    id=row.pk,
                    name=row.name,
                    prefix=row.prefix,
                    created_at=row.created_at,
                    last_used_at=row.last_used_at,
                )
                for row in client.secrets.filter(revoked_at=None).order_by("created_at")
            ],
            metadata=client.metadata | {ALGORITHM: client.id_token_signed_response_alg},
            post_logout_urls=client.post_logout_redirect_uris.split(),
        )

    def update(self, consumer_key: str, client: ClientSettings) -> None:
        registered = find(consumer_key)
        with told_to_the_developer(), transaction.atomic():
            clients.update(registered, redirect_uris=client.callback_urls, **changeable(client))
            clients.set_post_logout_redirect_uris(registered, client.post_logout_urls)

    def regenerate_secret(self, consumer_key: str) -> str:
        client = find(consumer_key)
        if client.is_public:
            raise KeyManagerError("A public client has no secret.")
        return client_secrets.regenerate(client)

    def delete(self, consumer_key: str) -> None:
        clients.remove(consumer_key)

    def test_token(self, consumer_key: str, scopes: Sequence[str]) -> IssuedToken:
        client = find(consumer_key)
        if client.is_blocked:
            raise KeyManagerError("Those who run this portal have stopped this application.")
        if not client.has_grant_type("client_credentials"):
            raise KeyManagerError("A test access token needs the grant type Client Credentials.")
        try:
            return application_token(client, " ".join(scopes))
        except errors.OAuthError as error:
            raise KeyManagerError(error.public) from error

    def can_sign(self) -> bool:
        return signing.can_sign()

    def public_keys(self) -> dict[str, Any]:
        return signing.jwks()

    def registered_users(self, consumer_keys: Iterable[str]) -> dict[str, list[str]]:
        holders = TokenHolder.objects.filter(client__client_id__in=list(consumer_keys), grant_type="password")
        users: dict[str, list[str]] = {}
        for consumer_key, username in holders.order_by("user__username").values_list(
            "client__client_id", "user__username"
        ):
            users.setdefault(consumer_key, []).append(username)
        return users

    def describe_scopes(self, scopes: Mapping[str, str]) -> None:
        for name, description in scopes.items():
            title, _, more = description.partition(". ")
            words = {"title": (title.rstrip(".") or name)[:100], "description": more[:300]}
            Scope.objects.update_or_create(name=name, defaults=words)

    def revocations(self, *, since: datetime | None = None, until: datetime | None = None) -> Sequence[Revocation]:
        return [Revocation(**row._asdict()) for row in revoked.of(since, until)]

    def subjects(self, user_names: Collection[str]) -> set[str]:
        return subjects.all_of(user_names)

    def holder_of(self, access_token: str) -> Holder | None:
        found = tokens.find(access_token)
        if found is None or found.confirmation:
            return None
        user_id = found.user.pk if found.user else None
        return Holder(user_id=user_id, scopes=scopes.that_count(found.scopes, found.client, user_id))

    def check_call(self, call: Call) -> CheckedCall:
        request = calls.request_of(call.method, call.path, call.headers)
        try:
            found = calls.check(request)
            return CheckedCall(token=found.self_contained, claims=found.claims, headers=dpop.nonce_header(request))
        except errors.OAuthError as error:
            refused = resource_access.refused(request, error)
            headers = dpop.nonce_header(request)
            raise CallRefusedError(refused.status_code, refused.headers["WWW-Authenticate"], headers) from error

    def token_of_api_key(self, call: ApplicationCall) -> str:
        scope = " ".join(call.scopes)
        return calls.token_of_api_key(call.subject, key_type=call.key_type, scope=scope, claims=call.claims)

    def caller(self, token: str) -> Caller:
        try:
            claims, user = calls.caller(token)
        except errors.InvalidToken as error:
            raise CallRefusedError(401, 'Bearer error="invalid_token"', {}) from error
        return Caller(claims=claims, user_name=user.get_username() if user else "")

    def sign_assertion(self, claims: Mapping[str, Any]) -> str:
        return signing.sign(dict(claims), typ="JWT", algorithm=SigningAlgorithm.RS256.value)


def find(consumer_key: str) -> Client:
    client = Client.objects.filter(client_id=consumer_key).first()
    if client is None:
        raise KeyManagerError("The key manager does not know this consumer key any more.")
    return client


@contextmanager
def told_to_the_developer() -> Iterator[None]:
    """What the key manager refuses, in its own sentence."""
    try:
        yield
    except errors.OAuthError as error:
        raise KeyManagerError(error.public) from error


def changeable(client: ClientSettings) -> dict[str, Any]:
    metadata = {name: value for name, value in client.metadata.items() if name != ALGORITHM}
    client_descriptions.check_metadata(metadata)
    return {
        "name": client.name,
        "owner_name": client.owner_name,
        "grant_types": list(client.grant_types),
        "scopes": list(client.scopes),
        "access_token_format": FORMATS[client.token_type],
        "access_token_lifetime": client.access_token_lifetime,
        "access_token_claims": dict(client.claims),
        "id_token_signed_response_alg": client_descriptions.algorithm_of(client.metadata),
        "metadata": metadata,
    }


def application_token(client: Client, asked: str) -> IssuedToken:
    scope = scopes.granted(client, asked)
    content = tokens.Content(client=client, scope=scope)
    return IssuedToken(access_token=tokens.issue_access_token(content), scope=scope, expires_in=content.seconds)
