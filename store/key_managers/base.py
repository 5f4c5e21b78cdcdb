"""What the store asks of a key manager. Plain values only: a remote one speaks RFC 7591, 7662 and 7009 instead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class KeyManagerError(Exception):
    """The key manager refused or could not be reached; the text is one sentence for the developer."""


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Everything about a client but its credentials.

    grant_types as RFC 7591 names them; access_token_lifetime in seconds; claims go into every access token; metadata
    are further members of RFC 7591 2, by their names.
    """

    name: str
    owner_id: int
    owner_name: str
    key_type: str
    callback_urls: Sequence[str]
    grant_types: Sequence[str]
    scopes: Sequence[str]
    token_type: str
    access_token_lifetime: int
    public: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    post_logout_urls: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Credentials:
    consumer_key: str
    consumer_secret: str | None
    """Shown to the developer once, never stored; None for a public client."""


@dataclass(frozen=True, kw_only=True)
class SecretDescription:
    id: int
    name: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClientDescription:
    consumer_key: str
    callback_urls: Sequence[str]
    grant_types: Sequence[str]
    scopes: Sequence[str]
    access_token_lifetime: int
    public: bool
    secrets: Sequence[SecretDescription]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    post_logout_urls: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    access_token: str
    scope: str
    expires_in: int


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """Every access token whose `claim` (jti, grant_id or client_id) is `value` is refused.

    `expires_at`: by then the last such token has expired anyway; None: for as long as this is told.
    """

    claim: str
    value: str
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to a resource behind a gateway; `path` as it was sent, without the query."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class CheckedCall:
    """`token`: the access token of the call as a self-contained one, which says `claims`; `headers`: for the caller."""

    token: str
    claims: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ApplicationCall:
    """A call by an application that has shown an API key, which is called `subject`; `claims` as of ClientSettings."""

    subject: str
    key_type: str
    scopes: Sequence[str]
    claims: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What an access token says, and the name of the person behind it; empty for an application by itself."""

    claims: Mapping[str, Any]
    user_name: str


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whom a live access token stands for; `user_id` is None where it is the client itself."""

    user_id: int | None
    scopes: frozenset[str]


class CallRefusedError(Exception):
    """`challenge` is the WWW-Authenticate for the caller (RFC 6750 3, RFC 9449 7.1), `headers` what else it gets."""

    def __init__(self, status: int, challenge: str, headers: Mapping[str, str]) -> None:
        super().__init__(challenge)
        self.status, self.challenge, self.headers = status, challenge, headers


class KeyManager(Protocol):
    def refused_callback_url(self, url: str, *, public: bool) -> str:
        """Why this URL cannot be registered, as one sentence for the developer; empty when it can."""

    def register(self, client: ClientSettings) -> Credentials: ...

    def describe(self, consumer_key: str) -> ClientDescription: ...

    def update(self, consumer_key: str, client: ClientSettings) -> None: ...

    def regenerate_secret(self, consumer_key: str) -> str:
        """A new secret, shown once; every earlier one is refused from now on."""

    def delete(self, consumer_key: str) -> None:
        """The client and all its tokens. Unknown keys are fine: deleting twice is deleting once."""

    def test_token(self, consumer_key: str, scopes: Sequence[str]) -> IssuedToken:
        """An application token, as client_credentials would give (RFC 6749 4.4)."""

    def can_sign(self) -> bool:
        """Whether there is a key to sign tokens with. DatabaseError while nobody can tell."""

    def public_keys(self) -> dict[str, Any]:
        """RFC 7517 5: those that access tokens may be signed with."""

    def registered_users(self, consumer_keys: Iterable[str]) -> dict[str, list[str]]:
        """User names that obtained access tokens by the password grant, each once, by consumer key."""

    def describe_scopes(self, scopes: Mapping[str, str]) -> None:
        """Tell the words in which people are asked to approve each scope ({name: description})."""

    def revocations(self, *, since: datetime | None = None, until: datetime | None = None) -> Sequence[Revocation]:
        """What was revoked from `since` on and before `until`; without `until` also what is blocked for now."""

    def subjects(self, user_names: Collection[str]) -> set[str]:
        """Every `sub` by which tokens name these people; of unknown ones none."""

    def holder_of(self, access_token: str) -> Holder | None:
        """None for a token that is no good, or that only whoever holds its key may use."""

    def check_call(self, call: Call) -> CheckedCall:
        """The call's access token, opaque or bound to a key, with the proof that it comes with. CallRefusedError."""

    def token_of_api_key(self, call: ApplicationCall) -> str:
        """A self-contained access token that stands for an API key during a call. It has a claim `api_key`:
        gateways take such a token from the portal only, so that who gets to see it cannot call with it."""

    def caller(self, token: str) -> Caller:
        """Who calls with this self-contained access token. CallRefusedError."""

    def sign_assertion(self, claims: Mapping[str, Any]) -> str:
        """These claims as a JWT for a backend, signed by RS256 with a key that is published."""
