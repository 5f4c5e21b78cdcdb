"""An authorization request is a list of small checks in a fixed order (RFC 6749 4.1.1).

Client and redirect URI come first: until both hold, nothing may be sent to the redirect URI (4.1.2.1: "MUST NOT
automatically redirect the user-agent to the invalid redirection URI"). Only then are faults the client's to hear, and
only then is anybody asked to sign in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.template.loader import render_to_string

from keymanager import (
    authorization_details,
    authorizations,
    browser_state,
    claims_requests,
    client_documents,
    clients,
    codes,
    dpop,
    encryption,
    errors,
    grants,
    id_token_hints,
    jarm,
    login,
    profiles,
    pushed_requests,
    resources,
    scopes,
)
from keymanager.grants.base import Answer, Approved
from keymanager.login import BrowserSession
from keymanager.models import Client
from keymanager.pushed_models import PushedRequest

RESPONSE_MODES = ("query", "fragment", "form_post")
PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
# RFC 7636 4.2: S256 gives exactly 43 characters.
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

# FAPI 2.0 Security Profile 5.3.2.2 asks for 64 and leaves longer ones to the server.
LONGEST_NONCE = 255


class NotRedirectable(Exception):
    """A fault before the redirect URI is known to be the client's: shown to the person, naming what was received."""

    def __init__(self, error: errors.OAuthError, received: dict[str, str]) -> None:
        self.error = error
        self.received = received
        super().__init__(str(error))


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    client: Client
    redirect_uri: str
    response_type: str
    scope: str
    parameters: dict[str, str]
    resources: list[str]
    authorization_details: authorization_details.Details
    claims: claims_requests.Claims
    subjects: list[str]
    """As whom the client knows the one person it means; empty when anybody will do."""
    pushed: PushedRequest | None = None
    """What keeps it here while the browser goes elsewhere (keymanager/pushed_requests.py)."""

    @property
    def prompts(self) -> frozenset[str]:
        return frozenset(self.parameters.get("prompt", "").split())

    @property
    def max_age(self) -> int | None:
        """OpenID Connect Core 3.1.2.1, and Registration 1.0 2 for the client that says nothing."""
        registered: int | None = self.client.registered("default_max_age")
        return int(self.parameters["max_age"]) if "max_age" in self.parameters else registered

    @property
    def essential_acr(self) -> list[str]:
        """OpenID Connect Core 5.5.1.1: of these one "MUST" be reached; empty when none has to be."""
        request = self.claims.get("id_token", {}).get("acr", {})
        return claims_requests.wanted(request) if request.get("essential") else []

    @property
    def preferred_acr(self) -> list[str]:
        """Those the client would like, the best first (OpenID Connect Core 3.1.2.1 and 5.5.1.1)."""
        asked = self.parameters.get("acr_values", "").split()
        one_by_one = claims_requests.wanted(self.claims.get("id_token", {}).get("acr", {}))
        return asked or one_by_one or list(self.client.registered("default_acr_values"))

    @property
    def to_approve(self) -> str:
        """The scopes, and each claim that none of them asks for."""
        return " ".join([self.scope, *claims_requests.beyond(self.claims, self.scope)])

    def acr(self, session: BrowserSession) -> str:
        """OpenID Connect Core 5.5.1.1: "MUST return an acr Claim Value that matches one of the requested values"."""
        return next((value for value in self.essential_acr if login.reaches(session.acr, value)), session.acr)


def client_of(parameters: dict[str, str]) -> Client:
    if "client_id" not in parameters:
        raise NotRedirectable(errors.InvalidRequest("Client Id is not present in the authorization request"), {})
    client_id = parameters["client_id"]
    client = client_documents.find_any(client_id)
    if client is None:
        error = errors.InvalidClient("No application is known here by this client id.")
        raise NotRedirectable(error, {"client_id": client_id})
    return client


def redirect_uri_of(client: Client, parameters: dict[str, str]) -> str:
    if "redirect_uri" not in parameters:
        error = errors.InvalidRequest("Redirect URI is not present in the authorization request")
        raise NotRedirectable(error, {"client_id": client.client_id})
    if not clients.has_redirect_uri(client, parameters["redirect_uri"]):
        error = errors.InvalidRequest("Registered callback does not match with the provided url.")
        received = {"client_id": client.client_id, "redirect_uri": parameters["redirect_uri"]}
        raise NotRedirectable(error, received)
    return parameters["redirect_uri"]


def check(client: Client, redirect_uri: str, parameters: dict[str, str]) -> AuthorizationRequest:
    """Everything else that can be said without knowing the person; faults go back to the client."""
    profiles.check_client(client)
    profiles.check_redirect_uri(client, redirect_uri)
    response_type = check_response_type(client, parameters)
    check_response_mode(client, response_type, parameters)
    check_pkce(client, response_type, parameters)
    check_dpop(client, response_type, parameters)
    check_prompt(parameters)
    scope = scopes.granted(client, scopes.asked_for(parameters, response_type))
    check_openid(response_type, scope, parameters)
    claims = claims_requests.check(parameters, scope, response_type)
    if "id_token" in response_type:
        encryption.prepare(client)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        response_type=response_type,
        scope=scope,
        parameters=parameters,
        resources=resources.check(parameters),
        authorization_details=authorization_details.check(client, parameters),
        claims=claims,
        subjects=wanted_subjects(client, parameters, claims),
    )


def check_response_type(client: Client, parameters: dict[str, str]) -> str:
    if "response_type" not in parameters:
        raise errors.InvalidRequest("Missing response_type parameter value")
    response_type = grants.in_order(parameters["response_type"])
    if response_type not in grants.RESPONSES:
        raise errors.UnsupportedResponseType(detail=response_type)
    profiles.check_response_type(client, response_type)
    missing = [name for name in grants.RESPONSES[response_type].grant_types if not client.has_grant_type(name)]
    if missing:
        raise errors.UnauthorizedClient(detail=f"{', '.join(missing)} not ticked for this key set")
    if not is_registered(client, response_type):
        raise errors.UnauthorizedClient(detail=f"{response_type} is none of its response_types")
    return response_type


def is_registered(client: Client, response_type: str) -> bool:
    """OpenID Connect Registration 1.0 2: those that it "is declaring that it will restrict itself to using"."""
    registered = client.registered("response_types")
    return not registered or response_type in map(grants.in_order, registered)


def check_response_mode(client: Client, response_type: str, parameters: dict[str, str]) -> None:
    """OAuth 2.0 Multiple Response Types 2.1 and 5, JARM 2.3.1: tokens never travel in a query."""
    mode = parameters.get("response_mode", default_response_mode(response_type))
    if mode not in (*RESPONSE_MODES, *jarm.RESPONSE_MODES):
        raise errors.InvalidRequest("Invalid response_mode parameter value", detail=mode)
    if mode in ("query", "query.jwt") and response_type != "code":
        raise errors.InvalidRequest("Invalid response_mode parameter value", detail=f"{mode} for {response_type}")
    if mode not in jarm.RESPONSE_MODES and profiles.of(client).requires_signed_responses:
        raise errors.InvalidRequest("This application has to ask for a signed answer: response_mode jwt.")


def check_pkce(client: Client, response_type: str, parameters: dict[str, str]) -> None:
    """RFC 7636 4.4.1; RFC 9700 2.1.1: public clients MUST use it, and `plain` shows the verifier. Without a method it
    is `plain` (RFC 7636 4.3)."""
    challenge = parameters.get("code_challenge")
    if challenge is None:
        if "code" in response_type.split() and profiles.requires_pkce(client):
            raise errors.InvalidRequest("PKCE is mandatory for this application: send a code_challenge.")
        if "code_challenge_method" in parameters:
            # Somebody meant to send one: going on without would drop it (RFC 9700 2.1.1, PKCE downgrade).
            raise errors.InvalidRequest("A code_challenge_method without a code_challenge.")
        return
    method = parameters.get("code_challenge_method", "plain")
    if method != "S256" and not (method == "plain" and profiles.allows_plain_pkce(client)):
        raise errors.InvalidRequest("Unsupported PKCE Challenge Method: only S256 is accepted.")
    if not (CHALLENGE if method == "S256" else codes.VERIFIER).fullmatch(challenge):
        raise errors.InvalidRequest("Code challenge used is not up to RFC 7636 specifications.")


def check_dpop(client: Client, response_type: str, parameters: dict[str, str]) -> None:
    """RFC 9449 10: a thumbprint (RFC 7638). And what comes in front of the browser cannot be bound to a key."""
    if not dpop.THUMBPRINT.fullmatch(parameters.get("dpop_jkt", "x" * 43)):
        raise errors.InvalidRequest("dpop_jkt is the SHA-256 thumbprint of a key: 43 characters.")
    if "token" in response_type.split() and client.registered("dpop_bound_access_tokens"):
        raise errors.UnauthorizedClient(detail="dpop_bound_access_tokens, and a token from the authorization endpoint")


def check_prompt(parameters: dict[str, str]) -> None:
    """OIDC Core 3.1.2.1: none "MUST NOT" come with another value."""
    prompts = set(parameters.get("prompt", "").split())
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise errors.InvalidRequest("Invalid prompt parameter value")
    max_age = parameters.get("max_age", "0")
    if not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise errors.InvalidRequest("Invalid max_age parameter value")


def check_openid(response_type: str, scope: str, parameters: dict[str, str]) -> None:
    """OIDC Core 3.2.2.1: an ID token needs the openid scope, and in front of the browser a nonce."""
    if len(parameters.get("nonce", "")) > LONGEST_NONCE:
        raise errors.InvalidRequest(f"The nonce is longer than {LONGEST_NONCE} characters.")
    if "id_token" not in response_type:
        return
    if scopes.OPENID not in scope.split():
        raise errors.InvalidRequest("response_type id_token needs the scope openid")
    if "nonce" not in parameters:
        raise errors.InvalidRequest("response_type id_token needs a nonce")


def wanted_subjects(client: Client, parameters: dict[str, str], claims: claims_requests.Claims) -> list[str]:
    """By `id_token_hint`, or by a value asked for `sub` (OpenID Connect Core 3.1.2.1 and 5.5.1)."""
    if "id_token_hint" in parameters:
        return [id_token_hints.subject(client, parameters["id_token_hint"])]
    return claims_requests.subjects(claims)


def use_up(client: Client, pushed: PushedRequest | None) -> None:
    """RFC 9126 4: of two answers to one pushed request the second stays here."""
    if pushed is not None and not pushed_requests.claim(pushed):
        raise NotRedirectable(errors.InvalidRequestUri(), {"client_id": client.client_id})


@transaction.atomic
def approve(request: AuthorizationRequest, session: BrowserSession) -> Answer:
    """What goes back to the client when the person agreed: a code, or tokens, hanging on a new authorization."""
    use_up(request.client, request.pushed)
    response_type = grants.RESPONSES[request.response_type]
    authorization = authorizations.record(
        user=session.user,
        client=request.client,
        grant_type=response_type.name,
        scope=request.scope,
        auth_time=session.auth_time,
        sid=session.sid,
        acr=request.acr(session),
        amr=session.amr,
        claims=request.claims,
        resources=request.resources,
        authorization_details=request.authorization_details,
    )
    approved = Approved(
        authorization=authorization,
        response_type=request.response_type,
        redirect_uri=request.redirect_uri,
        parameters=request.parameters,
    )
    return response_type.respond(approved) | browser_state.told(approved, session)


def answer(client: Client, redirect_uri: str, parameters: dict[str, str], members: Answer) -> HttpResponse:
    """To the client with `members`, its `state`, and who answers (RFC 9207): a 302, or a form that posts itself."""
    members = members | {"iss": settings.ISSUER}
    if "state" in parameters:
        members["state"] = parameters["state"]
    default = default_response_mode(grants.in_order(parameters.get("response_type", "code")))
    mode = parameters.get("response_mode", default)
    if mode in jarm.RESPONSE_MODES:
        members, mode = jarm.signed(client, members), jarm.RESPONSE_MODES[mode] or default
    if mode == "form_post":
        return posted(redirect_uri, members)
    location = appended(redirect_uri, urlencode(members), fragment="fragment" in (mode, default))
    # Not HttpResponseRedirect: a native client's own scheme (RFC 8252 7.1) is allowed, it was registered.
    return HttpResponse(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def posted(redirect_uri: str, members: Answer) -> HttpResponse:
    """OAuth 2.0 Form Post Response Mode 2: nothing of the answer stands in an address."""
    page = render_to_string("keymanager/form_post.html", {"redirect_uri": redirect_uri, "members": members})
    return HttpResponse(page, headers={"Cache-Control": "no-store"})


def refuse(client: Client, redirect_uri: str, parameters: dict[str, str], error: errors.OAuthError) -> HttpResponse:
    """RFC 6749 4.1.2.1."""
    return answer(client, redirect_uri, parameters, dict(error.as_dict()))


def default_response_mode(response_type: str) -> str:
    """OAuth 2.0 Multiple Response Types 3 to 5. For one that is not understood RFC 6749 3.1.1 has the error go "as
    described in Section 4.1.2.1", which is in the query."""
    return "fragment" if response_type in grants.RESPONSES and response_type != "code" else "query"


def appended(uri: str, text: str, *, fragment: bool) -> str:
    """RFC 6749 3.1.2: a query that the registered URI has "MUST be retained"."""
    parts = urlsplit(uri)
    if fragment:
        return urlunsplit(parts._replace(fragment=text))
    return urlunsplit(parts._replace(query=f"{parts.query}&{text}" if parts.query else text))
