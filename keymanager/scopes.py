"""Which scopes there are, what they say to a person, and which of those asked for a client is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from oauth2_provider.scopes import BaseScopes

from keymanager import errors, models, personal_claims

if TYPE_CHECKING:
    from keymanager.models import Client

OPENID = "openid"
# OpenID Connect Core 11: tokens that live on when the person has signed out (docs/decisions/0013-signing-out.md).
OFFLINE_ACCESS = "offline_access"
# What a token carries when nothing that was asked for could be given.
DEFAULT = "default"
ALWAYS_ALLOWED = frozenset({OPENID, "profile", "email", "address", "phone", OFFLINE_ACCESS})
# One of the original's: a token of its own for each device. As long as what is remembered of a consent (Consent.scope).
DEVICE = re.compile(r"device_[A-Za-z0-9._-]{1,93}")

# What the original calls the scopes by which the portal itself is managed (wso2-2.6.md 9).
MANAGEMENT = "apim:"

STANDARD = {
    OPENID: ("Know who you are", "Your account's identifier"),
    "profile": ("See your profile", "Username, full name and what you tell about yourself"),
    "email": ("See your e-mail address", "Your address and whether it was confirmed"),
    "address": ("See your postal address", ""),
    "phone": ("See your telephone number", "The number and whether it was confirmed"),
    OFFLINE_ACCESS: ("Go on when you have signed out", "Until you withdraw it"),
    DEFAULT: ("Act for you", "Nothing beyond knowing that you approved"),
}


def granted(client: Client, asked: str) -> str:
    """The scopes given of those `asked` (space separated), sorted; others are left out, or refused where the client's
    policy says so (InvalidScope).

    RFC 6749 3.3 allows both and asks that the answer names what was given. The original filters (wso2-2.6.md 5), so
    that `scope=PRODUCTION`, which its page sends, is dropped and `default` remains.
    """
    allowed = ALWAYS_ALLOWED | set(client.scopes)
    kept = {scope for scope in asked.split() if scope in allowed or DEVICE.fullmatch(scope)}
    if not client.has_grant_type("refresh_token"):
        kept.discard(OFFLINE_ACCESS)
    if client.registered("refuse_unknown_scopes") and set(asked.split()) - kept - {DEFAULT}:
        raise errors.InvalidScope(detail="a scope that this client is not given")
    return " ".join(sorted(kept)) or DEFAULT


def for_strangers() -> list[str]:
    """Those of a client that nobody here stands for: the APIs', and none by which a provider's or a developer's own
    things could be changed. A person would be the only one to see that it is not the publisher's own program."""
    return list(models.Scope.objects.exclude(name__startswith=MANAGEMENT).values_list("name", flat=True))


def that_count(names: frozenset[str], client: Client, user_id: int | None) -> frozenset[str]:
    """Of those of a token. Whoever signs up may register a client by their own name and password: by that they manage
    what is theirs, and nobody else's, whatever a person has approved."""
    if client.origin != models.Origin.OWNER or client.user_id == user_id:
        return names
    return frozenset(name for name in names if not name.startswith(MANAGEMENT))


def asked_for(parameters: Mapping[str, str], response_type: str) -> str:
    """The scopes of an authorization request. OpenID Connect Core 11: "MUST ignore the offline_access request unless
    the Client is using a response_type value that would result in an Authorization Code being returned"."""
    asked = parameters.get("scope", "")
    if "code" in response_type.split():
        return asked
    return " ".join(scope for scope in asked.split() if scope != OFFLINE_ACCESS)


def described(names: Iterable[str]) -> list[dict[str, str]]:
    """Each scope as {name, title, description}: first who the person is, then what is known of them, then the APIs,
    each in the order given; one statement for all."""
    names = sorted(names, key=rank)
    rows = {row.name: (row.title, row.description) for row in models.Scope.objects.filter(name__in=names)}
    words = {name: rows.get(name) or STANDARD.get(name) or (claim_in_words(name), "") for name in names}
    return [{"name": name, "title": words[name][0], "description": words[name][1]} for name in names]


def rank(name: str) -> int:
    order = list(STANDARD)
    return order.index(name) if name in STANDARD else len(order) + (not name.startswith(personal_claims.PREFIX))


def claim_in_words(name: str) -> str:
    """A single claim stands among the scopes that are approved (OpenID Connect Core 5.5)."""
    return personal_claims.WORDS.get(name.removeprefix(personal_claims.PREFIX), name)


class DatabaseScopes(BaseScopes):
    """The toolkit's view of the same facts."""

    def get_all_scopes(self) -> dict[str, str]:
        standard = {name: title for name, (title, _) in STANDARD.items()}
        return standard | dict(models.Scope.objects.values_list("name", "title"))

    def get_available_scopes(self, application: Client | None = None, *args: Any, **kwargs: Any) -> list[str]:
        if application is None:
            return sorted(self.get_all_scopes())
        return sorted(ALWAYS_ALLOWED | set(application.scopes))

    def get_default_scopes(self, *args: Any, **kwargs: Any) -> list[str]:
        return [DEFAULT]
