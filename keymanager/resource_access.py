"""Access tokens at an endpoint of ours that is itself a protected resource (RFC 6750, RFC 9449 7)."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from keymanager import confirmations, dpop, errors, http_uris, resources, tokens
from keymanager.tokens import Bearer

log = logging.getLogger(__name__)
ALGORITHMS = " ".join(dpop.ALGORITHMS)


def bearer_of(request: HttpRequest) -> Bearer:
    """The live token that the caller presents and may use; NoToken, InvalidToken, InvalidRequest, InvalidDPoPProof."""
    scheme, token = presented(request)
    bearer = tokens.find(token)
    if bearer is None:
        raise errors.InvalidToken(detail="unknown, expired or revoked")
    check_audience(bearer, request)
    # RFC 9449 7.1: the scheme of a DPoP-bound token is for nothing else.
    if scheme == "dpop" and "jkt" not in bearer.confirmation:
        raise errors.InvalidToken("The access token is not bound to a DPoP key.")
    confirmations.check(bearer.confirmation, request, bearer.client, token)
    return bearer


def check_audience(bearer: Bearer, request: HttpRequest) -> None:
    """RFC 9068 4: the `aud` claim must hold a resource that we know for ourselves: this address, or one above it."""
    audience = bearer.claims.get("aud", [])
    meant_for = [audience] if isinstance(audience, str) else audience
    if not any(resources.covers(whole, address) for whole in meant_for for address in http_uris.of(request)):
        raise errors.InvalidToken(detail=f"meant for {meant_for}")


def presented(request: HttpRequest) -> tuple[str, str]:
    """Scheme and token by RFC 6750 2.1 or 2.2; never from the query (RFC 9700 4.3.2).

    RFC 6750 2: "Clients MUST NOT use more than one method to transmit the token in each request."
    """
    scheme, _, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    in_body = request.POST.getlist("access_token")
    if len(in_body) > 1 or (scheme and (in_body or "access_token" in request.GET)):
        raise errors.InvalidRequest("The access token came more than once.")
    if scheme.lower() in {"bearer", "dpop"}:
        return scheme.lower(), value.strip()
    if not in_body:
        raise errors.NoToken
    return "bearer", str(in_body[0])


def refused(request: HttpRequest, error: errors.OAuthError) -> JsonResponse:
    """RFC 6750 3 and RFC 9449 7.1; a proof that cannot be used is 401 here."""
    log.info("%s refused: %s", request.path, error)
    status = 401 if isinstance(error, errors.InvalidDPoPProof | errors.UseDPoPNonce) else error.status
    headers = {"Cache-Control": "no-store", "WWW-Authenticate": challenges(request, error)}
    return JsonResponse(error.as_dict(), status=status, headers=headers | dpop.nonce_header(request))


def challenges(request: HttpRequest, error: errors.OAuthError) -> str:
    """What went wrong under the scheme that was used, and beside Bearer that DPoP would do (RFC 9449 7.2).

    RFC 6750 3.1: without any token "the resource server SHOULD NOT include an error code".
    """
    realm, algorithms = f'realm="{settings.PORTAL_HOST}"', f'algs="{ALGORITHMS}"'
    reason = f'error="{error.error}", error_description="{error.public}"'
    if isinstance(error, errors.NoToken):
        return f"Bearer {realm}, DPoP {algorithms}"
    if isinstance(error, errors.InvalidDPoPProof | errors.UseDPoPNonce) or dpop.is_scheme(request):
        return f"DPoP {reason}, {algorithms}"
    return f"Bearer {realm}, {reason}, DPoP {algorithms}"
