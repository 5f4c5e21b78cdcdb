"""One exception for each OAuth error. `description` goes out; `detail` only to the log and to tests."""

from __future__ import annotations

import re
from typing import ClassVar
from uuid import UUID

# RFC 6749 5.2: "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E."
NOT_DESCRIBING = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
PLAIN = str.maketrans('“”\N{RIGHT SINGLE QUOTATION MARK}"', "''''")


class OAuthError(Exception):
    """RFC 6749 4.1.2.1 and 5.2."""

    error: ClassVar[str]
    status: ClassVar[int] = 400
    description: ClassVar[str]

    def __init__(self, description: str | None = None, *, detail: str = "") -> None:
        self.public = NOT_DESCRIBING.sub("?", (description or self.description).translate(PLAIN))
        self.detail = detail
        super().__init__(f"{self.error}: {self.public} {detail}".strip())

    def as_dict(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.public}


class InvalidRequest(OAuthError):
    error = "invalid_request"
    description = "The request is missing a parameter, repeats one, or is malformed."


class InvalidClient(OAuthError):
    error = "invalid_client"
    status = 401
    description = "Client Authentication failed."


class TooManyFailures(OAuthError):
    """RFC 6585 4. RFC 6749 5.2 has no code for it; this one is the authorization endpoint's (4.1.2.1), and says nothing
    about whether the secret was right."""

    error = "temporarily_unavailable"
    status = 429
    description = "Client authentication has failed too often; try again later."

    def __init__(self, *, retry_after: int, detail: str) -> None:
        super().__init__(detail=detail)
        self.retry_after = retry_after


class InvalidGrant(OAuthError):
    error = "invalid_grant"
    description = "Provided Authorization Grant is invalid"


class Replayed(InvalidGrant):
    """A code or refresh token came a second time: everything that hangs on its authorization is to be revoked.

    Raised inside the exchange's transaction, acted upon after it was rolled back.
    """

    def __init__(self, description: str, *, authorization_id: UUID, detail: str) -> None:
        super().__init__(description, detail=detail)
        self.authorization_id = authorization_id


class UnauthorizedClient(OAuthError):
    error = "unauthorized_client"
    description = "The authenticated client is not authorized to use this authorization grant type"


class UnsupportedGrantType(OAuthError):
    """In the words of the original (wso2-2.6.md section 5), which name what came."""

    error = "unsupported_grant_type"
    description = "Unsupported grant type."

    def __init__(self, grant_type: str) -> None:
        super().__init__(f"Unsupported grant type : {grant_type[:100]}, is used.")


class UnsupportedResponseType(OAuthError):
    error = "unsupported_response_type"
    description = "Invalid response_type parameter value"


class InvalidScope(OAuthError):
    error = "invalid_scope"
    description = "Invalid Scope!"


class AccessDenied(OAuthError):
    error = "access_denied"
    description = "User denied the consent"


class AuthorizationPending(OAuthError):
    """RFC 8628 3.5."""

    error = "authorization_pending"
    description = "The person has not answered yet."


class SlowDown(OAuthError):
    """RFC 8628 3.5."""

    error = "slow_down"
    description = "Asked too soon: wait five seconds longer from now on."


class ExpiredToken(OAuthError):
    """RFC 8628 3.5."""

    error = "expired_token"
    description = "The device code has expired; start again."


class LoginRequired(OAuthError):
    error = "login_required"
    description = "The person has to sign in, which prompt=none forbids."


class UnmetAuthenticationRequirements(OAuthError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0, 2."""

    error = "unmet_authentication_requirements"
    description = "The person cannot sign in in the way that this application demands."


class ConsentRequired(OAuthError):
    error = "consent_required"
    description = "The person has to approve, which prompt=none forbids."


class InvalidRequestObject(OAuthError):
    """RFC 9101 6 and 7."""

    error = "invalid_request_object"
    description = "The request object cannot be used."


class InvalidRequestUri(OAuthError):
    """RFC 9101 7."""

    error = "invalid_request_uri"
    description = "This request has expired, was answered already, or is not known here."


class RequestTooLarge(InvalidRequest):
    """RFC 9126 2.3."""

    status = 413
    description = "The request is too large."


class InvalidToken(OAuthError):
    """RFC 6750 3.1."""

    error = "invalid_token"
    status = 401
    description = "Access token validation failed"


class NoToken(InvalidToken):
    """RFC 6750 3.1: no authentication information at all."""

    description = "An access token is needed."


class InvalidDPoPProof(OAuthError):
    """RFC 9449 5 and 7.1."""

    error = "invalid_dpop_proof"
    description = "The DPoP proof is not valid for this request, or was used before."


class UseDPoPNonce(OAuthError):
    """RFC 9449 8 and 9."""

    error = "use_dpop_nonce"
    description = "The DPoP proof must hold the nonce of the DPoP-Nonce header."


class InsufficientScope(OAuthError):
    error = "insufficient_scope"
    status = 403
    description = "Access token does not have the openid scope"


class InvalidClientMetadata(OAuthError):
    """RFC 7591 3.2.2."""

    error = "invalid_client_metadata"
    description = "A member of the client's metadata cannot be used."


class InvalidTarget(OAuthError):
    """RFC 8707 2."""

    error = "invalid_target"
    description = "The requested resource is unknown, or cannot be given to this application."


class InvalidAuthorizationDetails(OAuthError):
    """RFC 9396 5."""

    error = "invalid_authorization_details"
    description = "The authorization_details are of an unknown type, malformed, or more than was authorized."


class RegistrationClosed(OAuthError):
    error = "access_denied"
    status = 403
    description = "Clients do not register themselves here; add an application in the API Store."


class InvalidRedirectURI(OAuthError):
    """RFC 7591 3.2.2."""

    error = "invalid_redirect_uri"
    description = "One of the redirect_uris cannot be used."


class TooManyRequests(OAuthError):
    """RFC 6585 4. The error code is RFC 6749 4.1.2.1's for a server that cannot answer for now."""

    error = "temporarily_unavailable"
    status = 429
    description = "Too many requests; try again later."
