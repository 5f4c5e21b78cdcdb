"""RFC 8693: a token for a token. Delegation (`act` names who acts) is the rule; impersonation has to be allowed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from keymanager import authorizations, errors, resources, scopes, subjects, tokens
from keymanager.grants.base import Answer, TokenRequest
from keymanager.models import Authorization, Client
from keymanager.tokens import Bearer

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
TOKEN_TYPES = (ACCESS_TOKEN, JWT)
# Who acts for whom for whom: a longer chain is a loop.
LONGEST_CHAIN = 5


def exchange(request: TokenRequest) -> Answer:
    """RFC 8693 2.1 and 2.2."""
    check_caller(request)
    check_requested_type(request)
    subject = token_of(request, "subject_token")
    actor = token_of(request, "actor_token") if has_actor(request) else None
    check_may_exchange(request, subject)
    act = actor_claim(request, subject, actor)
    scope = narrowed(request, subject)
    audience = audience_of(request, subject)
    return issue(request, subject, scope, audience, act)


def check_caller(request: TokenRequest) -> None:
    """RFC 8693 2.1: without client authentication anybody who has a token could trade it."""
    if request.client.is_public:
        raise errors.UnauthorizedClient(detail="token exchange by a public client")


def check_requested_type(request: TokenRequest) -> None:
    asked = request.parameters.get("requested_token_type", ACCESS_TOKEN)
    if asked not in TOKEN_TYPES or (asked == JWT and request.client.access_token_format != "JWT"):
        raise errors.InvalidRequest("This requested_token_type is not issued to this application.")


def has_actor(request: TokenRequest) -> bool:
    """RFC 8693 2.1: actor_token_type is "REQUIRED when the actor_token parameter is present … but MUST NOT be included
    otherwise"."""
    if "actor_token" not in request.parameters and "actor_token_type" in request.parameters:
        raise errors.InvalidRequest("actor_token_type without an actor_token")
    return "actor_token" in request.parameters


def token_of(request: TokenRequest, name: str) -> Bearer:
    """A live access token of ours. RFC 8693 2.2.2: invalid for any reason, "the value of the error parameter MUST be
    the invalid_request error code"."""
    value = request.required(name)
    if request.required(f"{name}_type") not in TOKEN_TYPES:
        raise errors.InvalidRequest(f"This {name}_type is not accepted.")
    bearer = tokens.find(value)
    if bearer is None:
        raise errors.InvalidRequest(f"The {name} is unknown, expired or revoked.")
    if bearer.confirmation and bearer.confirmation.items() - request.confirmation.items():
        raise errors.InvalidRequest(f"The {name} is bound to a key that was not proved.")
    return bearer


def check_may_exchange(request: TokenRequest, subject: Bearer) -> None:
    """RFC 8693 5: only who got the token, or whom it is meant for, may trade it."""
    if subject.user is None:
        raise errors.InvalidRequest("The subject_token stands for no person.")
    if subject.client.pk != request.client.pk and not is_meant_for(request.client, subject):
        raise errors.InvalidRequest(
            "The subject_token is not for this application.", detail=f"issued to {subject.client.client_id}"
        )


def is_meant_for(client: Client, subject: Bearer) -> bool:
    """Whether `client` is the resource, or one of those, that the token is for."""
    return client.is_resource_server or client.resources.filter(uri__in=meant(subject)).exists()


def meant(subject: Bearer) -> list[str]:
    audience = subject.claims["aud"]
    return [audience] if isinstance(audience, str) else list(audience)


def actor_claim(request: TokenRequest, subject: Bearer, actor: Bearer | None) -> dict[str, Any]:
    """RFC 8693 4.1: who acts, and within it who acted before. Empty when the caller may act as the person.

    A `may_act` of the subject token (4.4) names the only one who may.
    """
    acting = subject_of(actor) if actor else request.client.client_id
    may_act = subject.claims.get("may_act", {})
    if may_act and may_act.get("sub") != acting:
        raise errors.InvalidRequest("The actor is not the one that the subject_token allows.")
    earlier = subject.claims.get("act")
    if actor is None and (subject.client.pk == request.client.pk or request.client.registered("may_impersonate")):
        return {"act": earlier} if earlier else {}
    if depth(earlier) >= LONGEST_CHAIN:
        raise errors.InvalidRequest("Too many act for each other.")
    act: dict[str, Any] = {"sub": acting, "client_id": actor.client.client_id if actor else request.client.client_id}
    return {"act": act | ({"act": earlier} if earlier else {})}


def subject_of(bearer: Bearer) -> str:
    return subjects.of(bearer.user, bearer.client) if bearer.user else bearer.client.client_id


def depth(act: dict[str, Any] | None) -> int:
    return 1 + depth(act.get("act")) if act else 0


def narrowed(request: TokenRequest, subject: Bearer) -> str:
    """Never more than the subject token had, nor than this client may be given."""
    asked = request.parameters.get("scope", "")
    if not set(asked.split()) <= subject.scopes:
        raise errors.InvalidScope(detail="more than the subject_token has")
    return scopes.granted(request.client, asked or subject.scope)


def audience_of(request: TokenRequest, subject: Bearer) -> list[str]:
    """RFC 8693 2.1.1: `resource` and `audience` may stand for the same; a name that is unknown is invalid_target. A
    resource calls others for the person; who trades a token of its own stays within what the person approved."""
    named = " ".join(request.parameters.get(name, "") for name in ("resource", "audience"))
    if is_meant_for(request.client, subject):
        return resources.check({"resource": named}) or meant(subject)
    return resources.narrowed(meant(subject), {"resource": named})


@transaction.atomic
def issue(request: TokenRequest, subject: Bearer, scope: str, audience: list[str], act: dict[str, Any]) -> Answer:
    """On an authorization of its own, which ends with the one that the exchange started from."""
    root = root_of(subject)
    authorization = authorizations.record(
        user=root.user,
        client=request.client,
        grant_type=GRANT_TYPE,
        scope=scope,
        auth_time=root.auth_time,
        acr=root.acr,
        amr=root.amr,
        root_id=root.pk,
        resources=audience,
    )
    left = int((subject.expires_at - timezone.now()).total_seconds())
    content = tokens.content_of(
        authorization,
        lifetime=max(1, min(request.client.access_token_lifetime, left)),
        confirmation=request.confirmation,
        extra=act,
    )
    issued = request.parameters.get("requested_token_type", ACCESS_TOKEN)
    return tokens.answer(tokens.issue_access_token(content), content) | {"issued_token_type": issued}


def root_of(subject: Bearer) -> Authorization:
    """The authorization that a person gave, locked, so that its end finds what is being made of it."""
    if subject.authorization_id is not None:
        root_id = Authorization.objects.filter(pk=subject.authorization_id).values_list("root", flat=True).first()
        root = authorizations.hold(root_id or subject.authorization_id)
        if root is not None:
            return root
    raise errors.InvalidRequest("The subject_token is unknown, expired or revoked.", detail="revoked meanwhile")
