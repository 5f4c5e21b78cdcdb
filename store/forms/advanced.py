"""What most developers never need: how the client proves who it is, how strict it is taken, where people go after
signing out. A part of the form of a key set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from store import callbacks

PROFILES = (
    ("baseline", "Standard"),
    ("oauth-2.1", "OAuth 2.1: PKCE always, no Implicit, no Password"),
    ("fapi-2.0", "FAPI 2.0 Security: pushed requests, keys instead of secrets"),
    ("fapi-2.0-message-signing", "FAPI 2.0 Message Signing: signed requests and answers as well"),
)
SECRET = ""
METHODS = (
    (SECRET, "Consumer secret"),
    ("private_key_jwt", "A signature of its own (private_key_jwt)"),
    ("self_signed_tls_client_auth", "A certificate of its own (self_signed_tls_client_auth)"),
)
ID_TOKEN_ALGORITHMS = (
    ("", "RS256, which every library takes (FAPI 2.0: ES256)"),
    ("ES256", "ES256, which is shorter and quicker"),
)
LONGEST_KEYS = 20_000
REFUSED_BY_PROFILES = frozenset({"implicit", "password"})


class AdvancedFields(forms.Form):
    security_profile = forms.ChoiceField(
        label="Security profile",
        choices=PROFILES,
        required=False,
        help_text="One switch for a whole set of rules. FAPI 2.0 is for banking and health.",
    )
    authentication_method = forms.ChoiceField(
        label="Your application proves itself with",
        choices=METHODS,
        required=False,
        help_text="A key or certificate never travels; a secret does.",
    )
    public_keys = forms.CharField(
        label="Public keys",
        required=False,
        max_length=LONGEST_KEYS,
        help_text="The https address of a JWK Set, or the JWK Set itself. Never a private key.",
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
    )
    id_token_algorithm = forms.ChoiceField(
        label="ID tokens are signed with",
        choices=ID_TOKEN_ALGORITHMS,
        required=False,
        help_text="Many OpenID Connect libraries take RS256 alone unless they are told otherwise.",
    )
    post_logout_urls = forms.CharField(
        label="Addresses after signing out",
        required=False,
        help_text="One a line: where people may come back to when your application signs them out.",
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
    )
    backchannel_logout_url = forms.CharField(
        label="Back-channel logout address",
        required=False,
        help_text="The Key Manager tells this address when somebody signs out.",
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off"}),
    )

    def clean_public_keys(self) -> dict[str, Any]:
        """As RFC 7591 has it: `jwks` or `jwks_uri`."""
        text = self.cleaned_data["public_keys"].strip()
        if not text or text.startswith("https://"):
            return {"jwks_uri": text} if text else {}
        try:
            keys = json.loads(text)
        except (ValueError, RecursionError):
            keys = None
        if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
            raise forms.ValidationError('Enter an address that begins with https://, or a JWK Set: {"keys": […]}')
        if any(isinstance(key, dict) and {"d", "k"} & key.keys() for key in keys["keys"]):
            raise forms.ValidationError("This holds a private key: keep it to yourself and enter the public half.")
        return {"jwks": keys}

    def clean_post_logout_urls(self) -> list[str]:
        urls = self.cleaned_data["post_logout_urls"].split()
        callbacks.validate_callback_urls(urls, public=False)
        return list(dict.fromkeys(urls))

    def check_profile(self, grant_types: set[str], *, public: bool) -> None:
        """What a profile does not allow is said beside the field that has it, not at the first request."""
        profile = self.cleaned_data.get("security_profile", "")
        strict = profile.startswith("fapi")
        if profile in {"", "baseline"}:
            return
        if refused := REFUSED_BY_PROFILES & grant_types:
            self.add_error(
                "grant_types", f"The security profile does not allow {' and '.join(sorted(refused)).title()}."
            )
        if strict and public:
            self.add_error("security_profile", "FAPI 2.0 is for applications that keep a key: untick “Public client”.")
        if strict and self.cleaned_data.get("authentication_method") == SECRET:
            self.add_error("authentication_method", "FAPI 2.0 asks for a signature or a certificate, not a secret.")

    def check_keys(self) -> None:
        if self.cleaned_data.get("authentication_method") and self.cleaned_data.get("public_keys") == {}:
            self.add_error("public_keys", "Enter the public keys by which your application proves itself.")

    @property
    def metadata(self) -> dict[str, Any]:
        """Of a valid form, as RFC 7591 names it; what is empty is left out."""
        chosen = {
            "security_profile": self.cleaned_data["security_profile"],
            "token_endpoint_auth_method": self.cleaned_data["authentication_method"],
            "id_token_signed_response_alg": self.cleaned_data["id_token_algorithm"],
            "backchannel_logout_uri": self.cleaned_data["backchannel_logout_url"],
            **self.cleaned_data["public_keys"],
        }
        return {name: value for name, value in chosen.items() if value}

    @property
    def advanced_open(self) -> bool:
        names = AdvancedFields.base_fields
        return any(self[name].errors or self[name].value() not in {None, "", "baseline"} for name in names)


# What the fields decide; other members are an administrator's, and stay.
MEMBERS = frozenset(
    {
        "security_profile",
        "token_endpoint_auth_method",
        "id_token_signed_response_alg",
        "backchannel_logout_uri",
        "jwks",
        "jwks_uri",
    }
)


def of_others(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in MEMBERS}


def as_typed(metadata: Mapping[str, Any], post_logout_urls: list[str]) -> dict[str, str]:
    """A client's metadata as the fields show it."""
    keys = metadata.get("jwks_uri") or (json.dumps(metadata["jwks"], indent=1) if "jwks" in metadata else "")
    return {
        "security_profile": metadata.get("security_profile", "baseline"),
        "authentication_method": metadata.get("token_endpoint_auth_method", SECRET),
        "public_keys": keys,
        "id_token_algorithm": "ES256" if metadata.get("id_token_signed_response_alg") == "ES256" else "",
        "post_logout_urls": "\n".join(post_logout_urls),
        "backchannel_logout_url": metadata.get("backchannel_logout_uri", ""),
    }
