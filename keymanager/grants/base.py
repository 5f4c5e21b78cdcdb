from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from keymanager import authorization_details, errors, resources, tokens
from keymanager.models import Authorization, Client

Answer = dict[str, Any]
"""The members of a token answer (RFC 6749 5.1), or the parameters of an authorization answer (4.1.2)."""


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """One call of the token endpoint by an authenticated client; `parameters` each come once and are not empty."""

    http: HttpRequest
    client: Client
    parameters: dict[str, str]
    confirmation: Mapping[str, str] = field(default_factory=dict)
    """The key that the caller has proved to hold (RFC 7800 3.1): DPoP's `jkt`, a certificate's `x5t#S256`."""

    def required(self, name: str) -> str:
        if name not in self.parameters:
            raise errors.InvalidRequest(f"Missing parameter: {name}")
        return self.parameters[name]

    def content(self, authorization: Authorization, **narrower: Any) -> tokens.Content:
        """What the access token of this call says: what was authorized, or what the call narrows it to (RFC 8707 2.2,
        RFC 9396 6), bound to the key that the caller has proved to hold."""
        return tokens.content_of(
            authorization,
            audience=resources.narrowed(authorization.resources, self.parameters),
            authorization_details=authorization_details.narrowed(authorization.authorization_details, self.parameters),
            confirmation=self.confirmation,
            **narrower,
        )


@dataclass(frozen=True, kw_only=True)
class ResponseType:
    """What a response_type needs to be ticked, and how the authorization endpoint answers it."""

    name: str
    grant_types: frozenset[str]
    respond: Callable[[Approved], Answer]


@dataclass(frozen=True, kw_only=True)
class Approved:
    """An authorization request that a person has approved."""

    authorization: Authorization
    response_type: str
    redirect_uri: str
    parameters: dict[str, str]
