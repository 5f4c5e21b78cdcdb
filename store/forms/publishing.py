"""What a provider types about an API, in the browser, as JSON, or on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from store import backends, definitions, documents, publishing
from store.backends import Backend, Cors
from store.documents import DefinitionError, Document
from store.errors import StoreError
from store.models import Api
from store.publishing import Description

TIERS = ("tier", "subscriptionless_tier")
LINES = forms.Textarea({"rows": 2, "spellcheck": "false"})
NOT_ASKED = "Not asked of clients that a person has approved"
CODE = {"rows": 8, "spellcheck": "false", "class": "mono"}


def whole(label: str, help_text: str, least: int, most: int, initial: int) -> forms.IntegerField:
    sentence = f"Enter a whole number from {least} to {most}."
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=least,
        max_value=most,
        initial=initial,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), sentence),
    )


class ApiForm(forms.Form):
    document_url = forms.CharField(
        label="Address of the document",
        required=False,
        help_text="An OpenAPI 3 document, JSON or YAML, at an https address.",
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url"}),
    )
    document_file = forms.FileField(label="or a file", required=False, help_text="openapi.json, openapi.yaml, …")
    document = forms.CharField(label="or the document itself", required=False, widget=forms.Textarea(CODE), strip=False)
    name = forms.CharField(label="Name", required=False, help_text="By default the title of the document.")
    version = forms.CharField(label="Version", required=False, help_text="By default that of the document.")
    context = forms.CharField(
        label="Context", required=False, help_text="Begins with a slash: /photos. The gateway serves /photos/1.0/…"
    )
    production_endpoints = forms.CharField(
        label="Production endpoint",
        required=False,
        help_text="Where calls with production keys go. Several hosts of the same service: one a line.",
        widget=LINES,
    )
    sandbox_endpoints = forms.CharField(
        label="Sandbox endpoint", required=False, help_text="Where calls with sandbox keys go.", widget=LINES
    )
    tags = forms.CharField(label="Tags", required=False, help_text="With commas between them.")
    tier = forms.ChoiceField(
        label="Tier of the API",
        required=False,
        help_text="Of all its resources together, whoever calls.",
        error_messages={"invalid_choice": "Choose one of the tiers offered."},
    )
    subscriptionless_tier = forms.ChoiceField(
        label="Subscriptions",
        required=False,
        help_text="A client that came by itself has none. Its calls are counted under the tier chosen here.",
        error_messages={"invalid_choice": "Choose one of the tiers offered."},
    )
    is_default_version = forms.BooleanField(
        label="Default version", required=False, help_text="Also served without the version in its path."
    )
    timeout = whole(
        "Seconds a backend has to answer",
        "0: what the gateway's settings say. Each further try may take as long.",
        0,
        3600,
        0,
    )
    retries = whole(
        "Tries again", "Of methods that may be repeated (GET, PUT, DELETE, …) when a host fails or is silent.", 0, 5, 1
    )
    connections = whole("Connections at once", "To the backend, of each gateway; beyond it 503.", 1, 100_000, 1024)
    health_path = forms.CharField(
        label="Path of a health check", required=False, help_text="Asked every five seconds: /health. Empty: not asked."
    )
    secret_header = forms.CharField(
        label="Header that carries a secret", required=False, help_text="By which the backend knows the gateway."
    )
    secret = forms.CharField(
        label="The secret",
        required=False,
        help_text="Kept sealed and never shown. Empty: it stays what it is.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    certificate = forms.CharField(
        label="Client certificate", required=False, help_text="For a backend that asks for one. PEM.", widget=LINES
    )
    private_key = forms.CharField(
        label="Its private key",
        required=False,
        help_text="PEM. Kept sealed and never shown. Empty: it stays what it is.",
        widget=LINES,
    )
    authorization = forms.BooleanField(
        label="Pass the access token on", required=False, help_text="For a backend that verifies it by itself."
    )
    assertion = forms.BooleanField(
        label="Tell the backend who calls", required=False, help_text="X-JWT-Assertion: WSO2's claims, signed."
    )
    cors_origins = forms.CharField(
        label="Pages that may call it",
        required=False,
        help_text="Origins such as https://app.example, one a line, or * for all. Empty: none.",
        widget=LINES,
    )
    cors_credentials = forms.BooleanField(label="with their cookies", required=False)

    def __init__(self, *args: Any, api: Api | None = None, **kwargs: Any) -> None:
        """`api`: the one that is changed, if there is one."""
        super().__init__(*args, **kwargs)
        self.api = api
        self.read: Document | None = None
        tier = cast("forms.ChoiceField", self.fields["tier"])
        tier.choices = [("", "Unlimited"), *((name, name) for name in publishing.tiers() if name != "Unlimited")]
        subscriptions = cast("forms.ChoiceField", self.fields["subscriptionless_tier"])
        offered = [(name, f"Not asked of approved clients: {name}") for name in publishing.subscription_tiers()]
        subscriptions.choices = [("", "Applications subscribe"), (NOT_ASKED, offered)]
        if api is not None:
            self.initial = typed(api)

    def clean_production_endpoints(self) -> list[str]:
        return lines(self.cleaned_data["production_endpoints"])

    def clean_sandbox_endpoints(self) -> list[str]:
        return lines(self.cleaned_data["sandbox_endpoints"])

    def clean_cors_origins(self) -> list[str]:
        origins = lines(self.cleaned_data["cors_origins"])
        for origin in origins:
            told(backends.check_origin, origin)
        return origins

    def clean_tags(self) -> list[str]:
        found = [tag.strip() for tag in self.cleaned_data["tags"].split(",")]
        return list(dict.fromkeys(filter(None, found)))

    def clean_secret_header(self) -> str:
        header: str = self.cleaned_data["secret_header"]
        if header:
            told(backends.check_secret, header, self.data.get("secret", ""))
        return header

    def clean_certificate(self) -> str:
        return pem(self.cleaned_data["certificate"])

    def clean_private_key(self) -> str:
        return pem(self.cleaned_data["private_key"])

    def clean_health_path(self) -> str:
        path: str = self.cleaned_data["health_path"]
        if path and (not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path):
            raise ValidationError("A path begins with a slash and has no spaces.", code="path")
        return path

    def clean(self) -> dict[str, Any]:
        try:
            text = self.text()
            if text:
                self.read = documents.read(text)
                self.fill_in(self.read.definition)
            elif self.api is None:
                self.add_error("document", "Give the document: its address, a file, or the text itself.")
        except StoreError as error:
            self.add_error("document", str(error))
        if not self.errors:
            self.require()
        return self.cleaned_data

    def refuse(self, error: StoreError) -> None:
        """What a deed has said, in its place."""
        self.add_error("document" if isinstance(error, DefinitionError) else None, str(error))

    def text(self) -> str:
        if url := self.cleaned_data.get("document_url"):
            return documents.fetch(url)
        if file := self.cleaned_data.get("document_file"):
            return documents.decoded(file.read(documents.MOST_BYTES + 1))
        return str(self.cleaned_data.get("document") or "")

    def fill_in(self, definition: dict[str, Any]) -> None:
        for name, value in said_by(definition).items():
            self.cleaned_data[name] = self.cleaned_data.get(name) or value

    def require(self) -> None:
        for name, word in (("name", "name"), ("version", "version"), ("context", "context")):
            if not self.cleaned_data.get(name):
                self.add_error(name, f"Enter a {word}: the document does not say it.")
        if self.cleaned_data["secret_header"] and not (self.cleaned_data["secret"] or kept(self.api).sealed_secret):
            self.add_error("secret", "Enter the secret that the header carries.")
        if self.cleaned_data["certificate"] and not (self.cleaned_data["private_key"] or kept(self.api).sealed_key):
            self.add_error("private_key", "Enter the private key of the certificate.")

    @property
    def described(self) -> Description:
        data = self.cleaned_data
        names = ("name", "version", "context", "production_endpoints", "sandbox_endpoints", "tags", *TIERS)
        return Description(
            **{name: data[name] for name in names},
            is_default_version=data["is_default_version"],
            backend=self.backend(),
            cors=Cors(origins=tuple(data["cors_origins"]), credentials=data["cors_credentials"]),
        )

    def backend(self) -> Backend:
        data, before = self.cleaned_data, kept(self.api)
        chosen = {name: data[name] for name in ("timeout", "retries", "connections") if data[name] is not None}
        return Backend(
            **chosen,
            waiting=before.waiting,
            requests=before.requests,
            health_path=data["health_path"],
            secret_header=data["secret_header"],
            sealed_secret=sealed(data["secret_header"], data["secret"], before.sealed_secret),
            certificate=data["certificate"],
            sealed_key=sealed(data["certificate"], data["private_key"], before.sealed_key),
            authorization=data["authorization"],
            assertion=data["assertion"],
        )


def sealed(wanted: str, new: str, before: str) -> str:
    return (backends.sealed(new) or before) if wanted else ""


def kept(api: Api | None) -> Backend:
    return Backend(**api.backend) if api is not None else Backend()


def typed(api: Api) -> dict[str, Any]:
    """What would have to be typed for the API as it is; no secret is in it."""
    backend = kept(api)
    names = ("timeout", "retries", "connections", "health_path", "authorization", "assertion")
    shown = {name: getattr(backend, name) for name in names}
    return {
        **shown,
        **{name: getattr(api, name) for name in ("name", "version", "context", "is_default_version", *TIERS)},
        "production_endpoints": "\n".join(api.production_endpoints),
        "sandbox_endpoints": "\n".join(api.sandbox_endpoints),
        "tags": ", ".join(api.tags),
        "secret_header": backend.secret_header,
        "certificate": backend.certificate,
        "cors_origins": "\n".join(api.cors.get("origins", [])),
        "cors_credentials": api.cors.get("credentials", False),
    }


def said_by(definition: dict[str, Any]) -> dict[str, Any]:
    """What a document says itself, also in the original's own words (x-wso2-…)."""
    info = definitions.members_of(definition.get("info"))
    return {
        "name": str(info.get("title") or ""),
        "version": str(info.get("version") or ""),
        "context": base_path(definition),
        "production_endpoints": urls(definition.get("x-wso2-production-endpoints")),
        "sandbox_endpoints": urls(definition.get("x-wso2-sandbox-endpoints")),
    }


def lines(text: str) -> list[str]:
    return list(dict.fromkeys(text.split()))


def pem(text: str) -> str:
    if text:
        told(backends.check_pem, text)
    return text


def told(check: Any, *values: str) -> None:
    try:
        check(*values)
    except ValueError as error:
        raise ValidationError(str(error), code="refused") from None


def base_path(definition: dict[str, Any]) -> str:
    """x-wso2-basePath has the version in it: /photos/1.0"""
    path = definitions.text(definition.get("x-wso2-basePath"))
    version = str(definitions.members_of(definition.get("info")).get("version") or "")
    return path.removesuffix(f"/{version}")


def urls(endpoint: Any) -> Sequence[str]:
    return [str(url) for url in definitions.listed(definitions.members_of(endpoint).get("urls"))]
