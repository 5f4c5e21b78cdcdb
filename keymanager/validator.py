"""The toolkit's one hook, where its parts serve: its decorators and DRF classes that protect a resource of ours."""

from __future__ import annotations

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator

from keymanager import tokens


class Validator(OAuth2Validator):
    def validate_bearer_token(self, token: str, scopes: list[str], request: Any) -> bool:
        """RFC 6750 3.1: invalid_token for what is no live token, insufficient_scope for one that may not do this."""
        bearer = tokens.find(token) if token else None
        if bearer is None:
            request.oauth2_error = {"error": "invalid_token"} if token else {}
            return False
        # The toolkit shows no request that a proof could be checked against (RFC 9449 7.1).
        if bearer.confirmation:
            request.oauth2_error = {"error": "invalid_token"}
            return False
        if not bearer.scopes.issuperset(scopes):
            request.oauth2_error = {"error": "insufficient_scope", "scope": " ".join(scopes)}
            return False
        request.client, request.user, request.scopes = bearer.client, bearer.user, sorted(bearer.scopes)
        request.access_token = bearer
        return True
