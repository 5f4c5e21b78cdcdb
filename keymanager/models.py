"""What the key manager remembers. Every model of django-oauth-toolkit is swapped here (docs/decisions/0003).

No secret, code or token stands here in a form that could be used: checksums only (keymanager/checksums.py).
Where the toolkit's abstract model has a column for the value itself, the column is taken away.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractDeviceGrant,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)

from accounts.outbox import Waiting

# Django finds models from here.
from keymanager import assertion_models, client_metadata, registration_models, revoked_models  # noqa: F401
from keymanager.pushed_models import PushedRequest


class KeyType(models.TextChoices):
    PRODUCTION = "PRODUCTION"
    SANDBOX = "SANDBOX"


class TokenFormat(models.TextChoices):
    JWT = "JWT"
    OPAQUE = "OPAQUE"


class SigningAlgorithm(models.TextChoices):
    """RFC 7518 3.1."""

    ES256 = "ES256"
    RS256 = "RS256"


class Origin(models.TextChoices):
    """Who says what a client is."""

    STORE = "store", "the API Store"
    OWNER = "owner", "its owner"
    ITSELF = "itself", "itself (RFC 7591)"
    DOCUMENT = "document", "a document at its client id"


class Client(AbstractApplication):
    """An OAuth client (RFC 6749 2): the toolkit's Application with several grant types; URIs and secrets are rows."""

    # Longer than the toolkit's, for one that is the address of a document (keymanager/client_documents.py).
    client_id = models.CharField(max_length=300, unique=True)
    key_type = models.CharField(max_length=10, choices=KeyType.choices, default=KeyType.PRODUCTION)
    grant_types = models.JSONField(default=list, help_text="Grant types as RFC 7591 names them.")
    scopes = models.JSONField(default=list, help_text="Scopes this client may be given.")
    owner_name = models.CharField(max_length=150, blank=True, help_text="Shown to people who are asked to approve.")
    access_token_format = models.CharField(max_length=6, choices=TokenFormat.choices, default=TokenFormat.JWT)
    access_token_lifetime = models.PositiveIntegerField(default=3600, help_text="Seconds.")
    access_token_claims = models.JSONField(default=dict, help_text="Claims added to every access token.")
    # The quicker one. Who registers and says nothing gets RS256 (client_descriptions.py), as libraries expect.
    id_token_signed_response_alg = models.CharField(
        max_length=10, choices=SigningAlgorithm.choices, default=SigningAlgorithm.ES256
    )
    require_pkce = models.BooleanField(default=False, help_text="Always on for public clients.")
    metadata = models.JSONField(default=dict, help_text="Other members of RFC 7591 2, checked by client_metadata.py.")
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.STORE)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When its document was read.")
    read_again_at = models.DateTimeField(null=True, blank=True, help_text="When it is to be read again.")
    blocked_at = models.DateTimeField(null=True, blank=True)
    is_resource_server = models.BooleanField(
        default=False, help_text="May read every access token at the introspection endpoint, as a gateway does."
    )

    # Columns of the toolkit that rows and sets replace.
    authorization_grant_type = ""
    client_secret = ""
    hash_client_secret = True
    algorithm = AbstractApplication.NO_ALGORITHM

    class Meta(AbstractApplication.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(access_token_lifetime__gte=1), name="client_access_token_lifetime_positive"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["blocked_at"], name="client_blocked", condition=Q(blocked_at__isnull=False)),
            models.Index(fields=["read_at"], name="client_read", condition=Q(read_at__isnull=False)),
        ]

    @property
    def redirect_uris(self) -> str:  # type: ignore[override]
        """The registered redirect URIs in the toolkit's form: one text, separated by spaces."""
        return self.uris_of(ClientURI.Kind.REDIRECT)

    @property
    def post_logout_redirect_uris(self) -> str:  # type: ignore[override]
        return self.uris_of(ClientURI.Kind.POST_LOGOUT)

    @property
    def allowed_origins(self) -> str:  # type: ignore[override]
        return self.uris_of(ClientURI.Kind.ORIGIN)

    def uris_of(self, kind: str) -> str:
        return " ".join(row.uri for row in self.uris.all() if row.kind == kind)

    @property
    def is_vouched_for(self) -> bool:
        """Whether its name was given by somebody who is known here."""
        return self.origin in (Origin.STORE, Origin.OWNER)

    @property
    def is_stranger(self) -> bool:
        """Whether it may have come here without anybody's leave."""
        return self.origin == Origin.DOCUMENT or (self.origin == Origin.ITSELF and settings.REGISTRATION == "open")

    @property
    def is_blocked(self) -> bool:
        """By itself, or with all that its owner has."""
        return self.blocked_at is not None or (self.user is not None and not self.user.applications_may_call)

    @property
    def is_public(self) -> bool:
        return self.client_type == self.CLIENT_PUBLIC

    def allows_grant_type(self, *grant_types: str) -> bool:
        return any(self.has_grant_type(grant_type) for grant_type in grant_types)

    def has_grant_type(self, grant_type: str) -> bool:
        """`grant_type` in the words of RFC 7591 or in the toolkit's, which have hyphens."""
        return grant_type in self.grant_types or grant_type.replace("-", "_") in self.grant_types

    def registered(self, name: str) -> Any:
        """The member `name` of its metadata (RFC 7591 2), or what leaving it out means."""
        return self.metadata.get(name, client_metadata.MEMBERS[name].default)

    @property
    def authentication_method(self) -> str | None:
        """The one it is registered for; None: a confidential client may send its secret in either way."""
        method: str | None = self.registered("token_endpoint_auth_method")
        return method

    @property
    def logo(self) -> str | None:
        """RFC 7591 2: the server "SHOULD display this image to the end-user during approval"."""
        address: str | None = self.registered("logo_uri")
        return address

    @property
    def pages(self) -> list[dict[str, str]]:
        return client_metadata.pages(self.metadata)

    def is_usable(self, request: object) -> bool:
        return not self.is_blocked


class ClientURI(models.Model):
    """One address of a client: compared as a whole, character by character (RFC 9700 2.1)."""

    class Kind(models.TextChoices):
        REDIRECT = "redirect"
        POST_LOGOUT = "post_logout"
        ORIGIN = "origin"

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="uris")
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.REDIRECT)
    uri = models.CharField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["client", "kind", "uri"], name="client_uri_once")]

    def __str__(self) -> str:
        return self.uri


class ClientSecret(models.Model):
    """One of the secrets of a client. Several may be good at once, so that one can be replaced without a gap."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=60, default="first")
    prefix = models.CharField(max_length=16, help_text="How the secret begins, so that its owner can tell it apart.")
    checksum = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class Scope(models.Model):
    """A scope in the words a person is asked to approve it in."""

    name = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """The remembered part of what a person agreed to: a row a scope and resource, so that only what is new is asked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="consents")
    scope = models.CharField(max_length=100)
    resource = models.CharField(max_length=300, blank=True)
    granted_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "client", "scope", "resource"], name="consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.client_id} {self.scope}"


class Authorization(models.Model):
    """What a user agreed to for a client, once. Every code and token hangs on it and dies with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authorizations")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="authorizations")
    grant_type = models.CharField(max_length=100)
    scope = models.TextField(blank=True)
    sid = models.CharField(max_length=64, blank=True, help_text="The browser session it was given in.")
    auth_time = models.DateTimeField(help_text="When the person signed in in that session.")
    acr = models.CharField(max_length=100, blank=True, help_text="How sure that is (OpenID Connect Core 2).")
    amr = models.JSONField(default=list, help_text="By which methods (RFC 8176).")
    resources = models.JSONField(default=list, help_text="The resources it is for (RFC 8707); none named: the gateway.")
    authorization_details = models.JSONField(default=list, help_text="RFC 9396.")
    claims = models.JSONField(default=dict, help_text="The claims asked for (OpenID Connect Core 5.5).")
    root = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        related_name="exchanged",
        null=True,
        blank=True,
        help_text="What a token exchange started from (RFC 8693): this one ends with it.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=40, blank=True)
    session_ended_at = models.DateTimeField(null=True, blank=True, help_text="When that browser session was ended.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="authorization_created"),
            models.Index(fields=["revoked_at"], name="authorization_revoked", condition=Q(revoked_at__isnull=False)),
            models.Index(
                fields=["sid"], name="authorization_session", condition=Q(session_ended_at__isnull=True) & ~Q(sid="")
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Resource(models.Model):
    """A protected resource by its address (RFC 8707 2). The gateway and all that it publishes need no row."""

    uri = models.CharField(max_length=300, unique=True)
    title = models.CharField(max_length=100)
    server = models.ForeignKey(
        Client,
        on_delete=models.SET_NULL,
        related_name="resources",
        null=True,
        blank=True,
        help_text="The client as which its server reads the tokens that are for it (RFC 7662).",
    )

    def __str__(self) -> str:
        return self.uri


class AuthorizationDetailsType(models.Model):
    """A `type` of authorization details (RFC 9396 2) in the words a person is asked to approve it in."""

    name = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=100)
    required = models.JSONField(default=list, blank=True, help_text="Members that every such object must have.")
    optional = models.JSONField(
        default=list, blank=True, help_text="Members that it may have, beyond those of RFC 9396 2.2."
    )

    def __str__(self) -> str:
        return self.name


class AuthorizationCode(AbstractGrant):
    """RFC 6749 4.1.2; what the toolkit calls Grant. Consumed, never deleted by use: a second try must be recognised."""

    code = ""  # the toolkit's column for the code itself
    checksum = models.CharField(max_length=64, unique=True)
    authorization = models.ForeignKey(Authorization, on_delete=models.CASCADE, related_name="codes")
    consumed_at = models.DateTimeField(null=True, blank=True)
    dpop_jkt = models.CharField(max_length=43, blank=True, help_text="The key that alone redeems it (RFC 9449 10).")

    class Meta(AbstractGrant.Meta):
        indexes: ClassVar = [models.Index(fields=["expires"], name="authorization_code_expires")]


class IDToken(AbstractIDToken):
    """Of the toolkit's own flows; ours keep no row of an ID token."""


class AccessToken(AbstractAccessToken):
    """An opaque access token. A self-contained one (RFC 9068) has no row until it is revoked (RevokedToken).

    An application's own token has neither person nor authorization, and costs no line in their indexes.
    """

    token = ""
    source_refresh_token = None
    id_token = None
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="%(app_label)s_%(class)s",
        null=True,
        blank=True,
        db_index=False,
    )
    authorization = models.ForeignKey(
        Authorization, on_delete=models.CASCADE, related_name="access_tokens", null=True, blank=True, db_index=False
    )
    claims = models.JSONField(default=dict, help_text="What it would say beyond its columns if it were self-contained.")

    class Meta(AbstractAccessToken.Meta):
        indexes: ClassVar = [
            models.Index(fields=["expires"], name="access_token_expires"),
            models.Index(fields=["user"], name="access_token_user", condition=Q(user__isnull=False)),
            models.Index(
                fields=["authorization"], name="access_token_authorization", condition=Q(authorization__isnull=False)
            ),
        ]


class RefreshToken(AbstractRefreshToken):
    """RFC 6749 6. Its family is its Authorization; used once, then `consumed_at` tells a replay from a first use.

    `sealed_answer` is what its use answered, for a client that lost the answer on the way: readable only with the token
    itself, and only for a moment (keymanager/grants/refresh_token.py).
    """

    token = ""
    access_token = None
    token_family = None
    authorization = models.ForeignKey(Authorization, on_delete=models.CASCADE, related_name="refresh_tokens")
    scope = models.TextField(blank=True)
    expires_at = models.DateTimeField()
    confirmation = models.JSONField(default=dict, help_text="The key it is bound to (RFC 7800).")
    consumed_at = models.DateTimeField(null=True, blank=True)
    sealed_answer = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["token_checksum"], name="refresh_token_once")]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="refresh_token_expires")]


class DeviceGrant(AbstractDeviceGrant):
    """RFC 8628 3.2: a device that waits for a person. Consumed, never deleted by use."""

    device_code = ""  # the toolkit's columns for the codes themselves
    user_code = ""
    last_checked = None  # type: ignore[assignment]  # last_polled_at says it
    device_code_checksum = models.CharField(max_length=64)
    user_code_checksum = models.CharField(max_length=64)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="device_grants")
    authorization = models.ForeignKey(
        Authorization, on_delete=models.CASCADE, related_name="device_grants", null=True, blank=True
    )
    resources = models.JSONField(default=list, help_text="What the device named as resource (RFC 8707).")
    authorization_details = models.JSONField(default=list, help_text="What it asked for in structure (RFC 9396).")
    last_polled_at = models.DateTimeField(null=True, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device_code_checksum"], name="device_code_once"),
            models.UniqueConstraint(fields=["user_code_checksum"], name="user_code_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["expires"], name="device_grant_expires")]


class RevokedToken(models.Model):
    """A self-contained access token that was revoked: its id, until it would have expired anyway."""

    jti = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.jti


class DPoPProofUse(models.Model):
    """That a DPoP proof was used: kept for as long as it would be good (RFC 9449 11.1)."""

    checksum = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.checksum


class ConsentRequest(models.Model):
    """An authorization request waiting for a person's answer: validated once, answered once, in one browser session."""

    checksum = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    sid = models.CharField(max_length=64)
    parameters = models.JSONField()
    pushed_request = models.ForeignKey(PushedRequest, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.client_id} for {self.user_id}"


class LogoutNotice(Waiting):
    """That a client is to be told of a sign-out (OpenID Connect Back-Channel Logout 1.0); kept as a log."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="logout_notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sid = models.CharField(max_length=64, blank=True, help_text="The browser session; empty: every one of the person.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP status of the last answer.")
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], name="logout_notice_due", condition=Q(next_attempt_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.sid}"


class TokenHolder(models.Model):
    """That a user obtained an access token for a client by a grant type: what "Registered Users" counts, once each."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="token_holders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    grant_type = models.CharField(max_length=100)
    first_obtained_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "user", "grant_type"], name="token_holder_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.grant_type}"


class SigningKey(models.Model):
    """A key pair that signs tokens. The private half is sealed (keymanager/signing_keys.py)."""

    kid = models.CharField(max_length=64, unique=True)
    algorithm = models.CharField(max_length=10, choices=SigningAlgorithm.choices, default=SigningAlgorithm.ES256)
    generation = models.PositiveIntegerField(default=1)
    public_jwk = models.JSONField()
    sealed_private_key = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    active_from = models.DateTimeField(default=timezone.now, help_text="Signs from here on; published before.")
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Signs no more; published until tokens expired.")
    published_until = models.DateTimeField(null=True, blank=True, help_text="Known once it is retired; then it goes.")
    # Unknown is taken for the longest there is.
    longest_lifetime = models.PositiveIntegerField(
        default=365 * 24 * 3600, help_text="Seconds: of the longest-lived token it has signed."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["algorithm", "generation"], name="signing_key_generation_once")
        ]

    def __str__(self) -> str:
        return self.kid
