"""A client as RFC 7591 2 writes it down, to and from the columns of Client. Dynamic registration and the documents that
clients publish of themselves are read here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from keymanager import client_metadata, errors, grants, profiles, redirect_uris
from keymanager.client_metadata import is_text, is_texts
from keymanager.models import Client, ClientURI, SigningAlgorithm

MOST_URIS = 20
LONGEST_NAME = 100
# Space, and letters that are fillers: all that Python calls printable and nobody sees. A person approves a name.
UNSEEN = " \u115f\u1160\u2800\u3164\uffa0"
DEFAULT_NAME = "Unnamed application"
# What a client may have that nobody vouched for: the others let it see passwords or act for people by other tokens.
OPEN_GRANT_TYPES = (
    "authorization_code",
    "implicit",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)
# Of the members that are ours, what a stranger may not give itself.
NOT_ONE_S_OWN = frozenset({"may_impersonate", "allow_plain_code_challenge"})
# RFC 7591 2. Who registers without a method is told this one, and may send the secret in either way: the libraries do.
DEFAULT_METHOD = "client_secret_basic"
WITH_SECRETS = (DEFAULT_METHOD, "client_secret_post")
# OpenID Connect Registration 1.0 2: for each an `alg` that needs a key, and an `enc` that needs an `alg`.
ENCRYPTED = ("id_token", "userinfo")
WITH_KEYS = ("private_key_jwt", "self_signed_tls_client_auth")


@dataclass(frozen=True, kw_only=True)
class Description:
    """A description that was found to make sense; `columns` are fields of Client."""

    is_public: bool
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    columns: dict[str, Any]

    @property
    def has_secret(self) -> bool:
        """OpenID Connect Registration 1.0 3.2: a secret "is not needed for Clients selecting … private_key_jwt"."""
        return self.columns["metadata"].get("token_endpoint_auth_method", DEFAULT_METHOD) in WITH_SECRETS


def parsed(body: Any) -> Description:
    """InvalidRedirectURI or InvalidClientMetadata names the member that cannot be used. RFC 7591 2: "The authorization
    server MUST ignore any client metadata sent by the client that it does not understand"; null is as if left out."""
    if not isinstance(body, dict):
        raise errors.InvalidClientMetadata("The body has to be a JSON object.")
    said = {name: value for name, value in body.items() if value is not None}
    metadata = {name: said[name] for name in said.keys() & client_metadata.MEMBERS.keys() - NOT_ONE_S_OWN}
    check_metadata(metadata)
    is_public = metadata.get("token_endpoint_auth_method") == "none"
    grant_types = grant_types_of(said)
    uris = addresses_of(said, "redirect_uris", public=is_public)
    if not uris and {"authorization_code", "implicit"} & set(grant_types):
        raise errors.InvalidRedirectURI("These grant types need redirect_uris.")
    if is_public and "client_credentials" in grant_types:
        raise errors.InvalidClientMetadata("client_credentials needs a client that keeps a secret.")
    check_implicit(said, grant_types, uris)
    check_front_channel(metadata, uris)
    method = metadata.get("token_endpoint_auth_method", DEFAULT_METHOD)
    if method == "tls_client_auth" and not settings.CLIENT_CA_FILE:
        raise errors.InvalidClientMetadata("tls_client_auth is not offered here.")
    check_profile(profiles.PROFILES[metadata.get("security_profile", "baseline")], method, grant_types, uris)
    return Description(
        is_public=is_public,
        redirect_uris=uris,
        post_logout_redirect_uris=addresses_of(said, "post_logout_redirect_uris", public=is_public),
        columns={
            "name": name_of(said),
            "grant_types": grant_types,
            "scopes": scopes_of(said),
            "id_token_signed_response_alg": algorithm_of(said),
            "metadata": metadata,
        },
    )


def name_of(said: Mapping[str, Any]) -> str:
    name = said.get("client_name", DEFAULT_NAME)
    if not is_text(name) or len(name) > LONGEST_NAME:
        raise errors.InvalidClientMetadata(f"client_name is a text of at most {LONGEST_NAME} characters.")
    if not name.strip(UNSEEN):
        raise errors.InvalidClientMetadata("client_name cannot be seen.")
    return str(name)


def grant_types_of(said: Mapping[str, Any]) -> list[str]:
    """RFC 7591 2: authorization_code when left out; 2.1: consistent with response_types."""
    grant_types = said.get("grant_types", ["authorization_code"])
    default = ["code"] if "authorization_code" in grant_types or "grant_types" not in said else []
    response_types = said.get("response_types", default)
    if not is_texts(grant_types) or not is_texts(response_types):
        raise errors.InvalidClientMetadata("grant_types and response_types are lists of texts.")
    for response_type in response_types:
        known = grants.RESPONSES.get(grants.in_order(response_type))
        if known is None or not known.grant_types <= set(grant_types):
            raise errors.InvalidClientMetadata("response_types and grant_types do not fit together.")
    return list(dict.fromkeys(grant_types))


def addresses_of(said: Mapping[str, Any], name: str, *, public: bool) -> list[str]:
    uris = said.get(name, [])
    if not is_texts(uris) or len(uris) > MOST_URIS:
        raise errors.InvalidRedirectURI(f"{name} is a list of at most {MOST_URIS} addresses.")
    # An app on a device may keep a secret of its own by registering itself (RFC 8252 8.4).
    native = public or said.get("application_type") == "native"
    for uri in uris:
        if sentence := redirect_uris.refused(uri, public=native):
            raise errors.InvalidRedirectURI(sentence, detail=f"{name}: {uri[:200]!r}")
    return list(dict.fromkeys(uris))


def check_implicit(said: Mapping[str, Any], grant_types: Collection[str], uris: Collection[str]) -> None:
    """OpenID Connect Registration 1.0 2, of web clients with the implicit grant: they "MUST only register URLs using
    the https scheme as redirect_uris; they MUST NOT use localhost as the hostname". And the server "MUST verify"."""
    if "implicit" not in grant_types or said.get("application_type") == "native":
        return
    if not all(uri.startswith("https://") and urlsplit(uri).hostname != "localhost" for uri in uris):
        raise errors.InvalidRedirectURI(
            "With the implicit grant a web client has https redirect URIs, and not of localhost."
        )


def check_front_channel(metadata: Mapping[str, Any], uris: Collection[str]) -> None:
    """Front-Channel Logout 1.0 2: "The domain, port, and scheme of this URL MUST be the same as that of a registered
    Redirection URI value"."""
    address = metadata.get("frontchannel_logout_uri")
    origins = {redirect_uris.origin(uri) for uri in uris if redirect_uris.is_web(uri)}
    if address is not None and redirect_uris.origin(address) not in origins:
        raise errors.InvalidClientMetadata("frontchannel_logout_uri is of another origin than the redirect URIs.")


def scopes_of(said: Mapping[str, Any]) -> list[str]:
    scope = said.get("scope", "")
    if not isinstance(scope, str) or len(scope) > client_metadata.LONGEST_TEXT:
        raise errors.InvalidClientMetadata("scope is a text with spaces between the scopes.")
    return list(dict.fromkeys(scope.split()))


def check_profile(profile: profiles.Profile, method: str, grant_types: Collection[str], uris: Collection[str]) -> None:
    """What the profile would refuse at every request is refused here, where somebody can still mend it."""
    if profile.authentication_methods is not None and method not in profile.authentication_methods:
        raise errors.InvalidClientMetadata("The security_profile does not allow this token_endpoint_auth_method.")
    if refused := sorted(profile.refused_grant_types & set(grant_types)):
        raise errors.InvalidClientMetadata(f"The security_profile does not allow the grant type {refused[0]}.")
    if profile.requires_https_redirects and not all(uri.startswith("https://") for uri in uris):
        raise errors.InvalidRedirectURI("The security_profile allows https redirect URIs only.")


def algorithm_of(said: Mapping[str, Any]) -> str:
    """OpenID Connect Registration 1.0 2: RS256 for a client that says nothing, where its profile has that."""
    profile = profiles.PROFILES[said.get("security_profile", "baseline")]
    allowed = [name for name in SigningAlgorithm.values if name in profile.signing_algorithms]
    default = SigningAlgorithm.RS256.value if SigningAlgorithm.RS256 in allowed else allowed[0]
    algorithm = said.get("id_token_signed_response_alg", default)
    if algorithm not in allowed:
        raise errors.InvalidClientMetadata("id_token_signed_response_alg is not one that is used here.")
    return str(algorithm)


def check_metadata(metadata: Mapping[str, Any]) -> None:
    client_metadata.check(metadata)
    check_keys(metadata)


def check_keys(metadata: Mapping[str, Any]) -> None:
    """RFC 7591 2: jwks and jwks_uri "MUST NOT both be present"; and what needs keys has them."""
    if "jwks" in metadata and "jwks_uri" in metadata:
        raise errors.InvalidClientMetadata("jwks and jwks_uri cannot both be given.")
    has_keys = "jwks_uri" in metadata or bool(metadata.get("jwks", {"keys": []})["keys"])
    encrypted = {f"{what}_encrypted_response_alg" for what in ENCRYPTED} & metadata.keys()
    if (encrypted or metadata.get("token_endpoint_auth_method") in WITH_KEYS) and not has_keys:
        raise errors.InvalidClientMetadata("This needs keys: give jwks or jwks_uri.")
    for what in ENCRYPTED:
        encoding, algorithm = f"{what}_encrypted_response_enc", f"{what}_encrypted_response_alg"
        if encoding in metadata and algorithm not in metadata:
            raise errors.InvalidClientMetadata(f"{encoding} needs {algorithm}.")
    subjects = [name for name in metadata if name.startswith("tls_client_auth_")]
    if metadata.get("token_endpoint_auth_method") == "tls_client_auth" and len(subjects) != 1:
        # RFC 8705 2.1.2: "exactly one of the below metadata parameters"
        raise errors.InvalidClientMetadata("tls_client_auth needs exactly one name of the certificate.")


def described(client: Client) -> dict[str, Any]:
    """RFC 7591 3.2.1: "all registered metadata about this client"."""
    held = set(client.grant_types)
    usable = [name for name, known in grants.RESPONSES.items() if known.grant_types <= held]
    return {
        "client_name": client.name,
        "redirect_uris": client.uris_of(ClientURI.Kind.REDIRECT).split(),
        "post_logout_redirect_uris": client.uris_of(ClientURI.Kind.POST_LOGOUT).split(),
        "grant_types": client.grant_types,
        # RFC 6749 3.3: a scope has one word at least.
        **({"scope": " ".join(client.scopes)} if client.scopes else {}),
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "token_endpoint_auth_method": "none" if client.is_public else DEFAULT_METHOD,
        **client.metadata,
        "response_types": client.registered("response_types") or usable,
    }
