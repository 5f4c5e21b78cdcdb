"""A provider's deeds: import an API, change it, lead it through its life. Gateways hear of it within two seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from store import access, backends, endpoints, key_managers, life_cycle, resources, revision
from store.backends import Backend, Cors
from store.documents import Document
from store.errors import StoreError
from store.models import Api, ThrottlingPolicy
from store.names import validate_api_name

# As the columns have it (store/models.py).
MOST_LETTERS = {"context": 100, "version": 30}


class NotPublishableError(StoreError):
    """What the provider has to mend first."""


class TakenError(StoreError):
    def __init__(self) -> None:
        super().__init__("There is an API of that name or context in this version already.")


class StepError(StoreError):
    def __init__(self, api: Api, step: str) -> None:
        super().__init__(f"{step} cannot be done with an API in the state {api.get_status_display()}: {api}.")


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a provider says of an API beside its document."""

    name: str
    version: str
    context: str
    production_endpoints: Sequence[str] = ()
    sandbox_endpoints: Sequence[str] = ()
    tags: Sequence[str] = ()
    tier: str = ""
    subscriptionless_tier: str = ""
    is_default_version: bool = False
    backend: Backend = field(default_factory=Backend)
    cors: Cors = field(default_factory=Cors)


def tiers() -> list[str]:
    """Of resources, and of all resources of an API together."""
    return names_of(ThrottlingPolicy.Level.RESOURCE)


def subscription_tiers() -> list[str]:
    return names_of(ThrottlingPolicy.Level.SUBSCRIPTION)


def names_of(level: str) -> list[str]:
    found = ThrottlingPolicy.objects.filter(level=level).order_by("position")
    return list(found.values_list("name", flat=True))


def add(*, provider: User, document: Document, description: Description) -> Api:
    """In the state Created: nobody but its provider knows it. NotPublishableError, DefinitionError, TakenError."""
    columns = columns_of(document, description)
    with changing():
        check_others(provider, description)
        return keep(Api(provider=provider), columns)


def change(*, api: Api, document: Document | None, description: Description) -> Api:
    """Of a published API it holds at once. `document`: None where it stays what it is."""
    columns = columns_of(document or Document(api.definition, {}), description)
    with changing():
        # Meanwhile somebody may have blocked it: a document from elsewhere takes its time.
        api = Api.objects.select_related("provider").get(pk=api.pk)
        check_others(api.provider, description)
        changed = keep(api, columns)
        if changed.status != Api.Status.CREATED:
            describe_scopes(changed)
    return changed


def publish(*, provider: User, document: Document, description: Description) -> Api:
    """The API as described, published; one of that name and version is brought up to date."""
    found = known(provider=provider, name=description.name, version=description.version)
    with transaction.atomic():
        if found is None:
            api = add(provider=provider, document=document, description=description)
        else:
            api = change(api=found, document=document, description=description)
        return lead(api=api, step="Publish") if api.status == Api.Status.CREATED else api


def known(*, provider: User, name: str, version: str) -> Api | None:
    """The API of that name and version, if there is one. NotPublishableError where it is not theirs to change."""
    found = Api.objects.filter(name=name, version=version).first()
    if found is not None and not access.provided_apis(provider).filter(pk=found.pk).exists():
        raise NotPublishableError(f"{found} is another provider's API.")
    return found


def lead(*, api: Api, step: str) -> Api:
    """One step of the life cycle. StepError, NotPublishableError."""
    with changing():
        api = Api.objects.get(pk=api.pk)
        status = life_cycle.STEPS[api.status].get(step)
        if status is None:
            raise StepError(api, step)
        if status == Api.Status.PUBLISHED:
            if not api.production_endpoints and not api.sandbox_endpoints:
                raise NotPublishableError(f"{api} has no endpoint, so there is nothing to send its calls to.")
            describe_scopes(api)
        return keep(api, {"status": status})


def describe_scopes(api: Api) -> None:
    """The words in which people are asked to approve. What other providers' resources ask for keeps its words."""
    words = api.scopes
    if not api.provider.is_staff:
        others = Api.objects.exclude(provider_id=api.provider_id).values_list("resources", flat=True)
        theirs = {name for rows in others for one in rows for asked in one["scopes"] for name in asked.split()}
        words = {name: said for name, said in words.items() if name not in theirs}
    key_managers.current().describe_scopes(words)


def columns_of(document: Document, description: Description) -> dict[str, Any]:
    check(description)
    return {
        "name": description.name,
        "version": description.version,
        "context": description.context,
        "description": words(document.definition),
        "definition": document.definition,
        "resources": resources.compiled(document, [*tiers(), "Unlimited"]),
        "tier": "" if description.tier == "Unlimited" else description.tier,
        "subscriptionless_tier": description.subscriptionless_tier,
        "is_default_version": description.is_default_version,
        "production_endpoints": list(description.production_endpoints),
        "sandbox_endpoints": list(description.sandbox_endpoints),
        "backend": description.backend.kept(),
        "cors": description.cors.kept(),
        "tags": list(description.tags),
    }


def words(definition: dict[str, Any]) -> str:
    info = definition.get("info")
    return str(info.get("description") or "") if isinstance(info, dict) else ""


def check(description: Description) -> None:
    """What an Envoy could not use is refused here, and never reaches one."""
    try:
        validate_api_name(description.name)
        for name, most in MOST_LETTERS.items():
            check_length(name, getattr(description, name), most)
        endpoints.check_path(description.context)
        endpoints.check_path(f"{description.context}/{description.version}")
        if "/" in description.version:
            raise ValueError("A version has no slash in it.")
        endpoints.of_one_service(description.production_endpoints)
        endpoints.of_one_service(description.sandbox_endpoints)
        backends.check_certificate(description.backend)
    except ValueError as error:
        raise NotPublishableError(str(error)) from None
    check_tier(description.tier, [*tiers(), "Unlimited"])
    check_tier(description.subscriptionless_tier, subscription_tiers())


def check_tier(name: str, offered: Sequence[str]) -> None:
    if name and name not in offered:
        raise NotPublishableError(f"There is no tier {name}.")


def check_length(name: str, value: str, most: int) -> None:
    """ValueError. Not every database refuses by itself what is too long for it, and none says so in a sentence."""
    if len(value) > most:
        raise ValueError(f"A {name} has at most {most} characters.")


def check_others(provider: User, description: Description) -> None:
    """A context and all below it are one provider's: else an API at /photos/1.0/albums, or another default version of
    /photos, would have the calls of somebody else's. Those who run the portal may. NotPublishableError."""
    if provider.is_staff:
        return
    steps = description.context.split("/")
    above = ["/".join(steps[:count]) for count in range(2, len(steps) + 1)]
    others = Api.objects.exclude(provider=provider)
    if others.filter(Q(context__in=above) | Q(context__startswith=f"{description.context}/")).exists():
        raise NotPublishableError(f"The context {description.context} is another provider's; choose another one.")
    if others.filter(name=description.name).exists():
        raise NotPublishableError(f"The name {description.name} is another provider's; choose another one.")


@contextmanager
def changing() -> Iterator[None]:
    """One change at a time, of whichever API: of two that exclude each other the second sees the first. Whoever serves
    the gateways sees by the revision that there is something new. TakenError."""
    try:
        with transaction.atomic():
            revision.advance()
            yield
    except IntegrityError as error:
        raise TakenError from error


def keep(api: Api, changed: dict[str, Any]) -> Api:
    for name, value in {**changed, "changed_at": timezone.now()}.items():
        setattr(api, name, value)
    if changed.get("is_default_version"):
        others = Api.objects.filter(context=api.context, is_default_version=True).exclude(pk=api.pk)
        others.update(is_default_version=False)
    api.save()
    return api
