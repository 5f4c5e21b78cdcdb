"""What the API Store remembers: APIs, applications, their keys and subscriptions."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from store import definitions, scopes, usage_models  # noqa: F401  # Django looks for models here

Person = AbstractBaseUser | AnonymousUser


class KeyType(models.TextChoices):
    PRODUCTION = "PRODUCTION", "Production"
    SANDBOX = "SANDBOX", "Sandbox"


class ThrottlingPolicy(models.Model):
    """A limit of calls per time. The pages say tier (of a subscription) or Per Token Quota (of an application)."""

    class Level(models.TextChoices):
        APPLICATION = "application"
        SUBSCRIPTION = "subscription"
        RESOURCE = "resource"
        ANONYMOUS = "anonymous"

    name = models.CharField(max_length=50)
    level = models.CharField(max_length=12, choices=Level.choices)
    description = models.CharField(max_length=200)
    request_count = models.PositiveIntegerField(null=True, help_text="Calls per unit time; empty: no limit.")
    unit_time = models.PositiveIntegerField(default=60, help_text="Seconds.")
    burst_count = models.PositiveIntegerField(null=True, help_text="Calls a second at the most; empty: no such limit.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "throttling policies"
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "level"], name="throttling_policy_once")]

    def __str__(self) -> str:
        return self.name


class Developer(models.Model):
    """A person who has been in the store. The row marks that their DefaultApplication was made, once."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="developer")
    joined_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.user.get_username()


class Revision(models.Model):
    """One row: how often what gateways serve has changed (store/revision.py)."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


class ApiQuerySet(models.QuerySet["Api"]):
    def published(self) -> ApiQuerySet:
        return self.filter(status__in=Api.VISIBLE)

    def served(self) -> ApiQuerySet:
        """By the gateway, if only to say that it is blocked."""
        return self.filter(status__in=(*Api.VISIBLE, Api.Status.BLOCKED))


class Api(models.Model):
    class Status(models.TextChoices):
        CREATED = "CREATED", "Created"
        PUBLISHED = "PUBLISHED", "Published"
        BLOCKED = "BLOCKED", "Blocked"
        DEPRECATED = "DEPRECATED", "Deprecated"
        RETIRED = "RETIRED", "Retired"

    VISIBLE: ClassVar = (Status.PUBLISHED, Status.DEPRECATED)
    # What it is made of: no list says any of it.
    LARGE: ClassVar = ("definition", "resources", "backend", "cors")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=30)
    context = models.CharField(max_length=100, help_text="Begins with a slash: /photos")
    description = models.TextField(blank=True)
    provider = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="provided_apis")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CREATED)
    definition = models.JSONField(default=dict, help_text="OpenAPI 3.")
    is_default_version = models.BooleanField(default=False, help_text="Also served without the version in its path.")
    resources = models.JSONField(default=list, help_text="Made of the definition when it is published.")
    tier = models.CharField(max_length=50, blank=True, help_text="Of all its resources together; empty: no limit.")
    subscriptionless_tier = models.CharField(
        max_length=50,
        blank=True,
        help_text="Of calls without a subscription, by clients a person has approved; empty: none.",
    )
    production_endpoints = models.JSONField(default=list, help_text="Addresses of the same service on several hosts.")
    sandbox_endpoints = models.JSONField(default=list, blank=True)
    backend = models.JSONField(default=dict, blank=True, help_text="How the gateway treats the backend.")
    cors = models.JSONField(default=dict, blank=True, help_text="Which pages of other sites may call it.")
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = ApiQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["context", "version"], name="api_context_version_once"),
            models.UniqueConstraint(fields=["name", "version"], name="api_name_version_once"),
            models.UniqueConstraint(
                fields=["context"], condition=Q(is_default_version=True), name="api_default_version_once"
            ),
            models.CheckConstraint(condition=Q(context__startswith="/"), name="api_context_begins_with_slash"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def path(self) -> str:
        """Where the gateway serves it: /photos/1.0"""
        return f"{self.context}/{self.version}"

    @property
    def scopes(self) -> dict[str, str]:
        """The scopes its definition declares, with their descriptions."""
        components = definitions.members_of(self.definition.get("components"))
        return scopes.declared(components.get("securitySchemes"))


class ApplicationQuerySet(models.QuerySet["Application"]):
    def owned_by(self, user: Person) -> ApplicationQuerySet:
        return self.filter(owner_id=user.pk)

    def by_name(self) -> ApplicationQuerySet:
        return self.order_by(Lower("name"))


class Application(models.Model):
    """What a developer owns in the store. Its OAuth clients are its ApplicationKeys."""

    class TokenType(models.TextChoices):
        JWT = "JWT"
        OAUTH = "OAUTH"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="applications")
    name = models.CharField(max_length=70)
    policy = models.ForeignKey(ThrottlingPolicy, on_delete=models.PROTECT, related_name="+")
    description = models.TextField(max_length=512, blank=True)
    token_type = models.CharField(max_length=5, choices=TokenType.choices, default=TokenType.JWT)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("owner", Lower("name"), name="application_name_once_per_owner")
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def subscribed_apis(self) -> list[Api]:
        apis = Api.objects.filter(subscriptions__application=self).defer(*Api.LARGE)
        return list(apis.order_by("name", "version"))


class ApplicationKey(models.Model):
    """One key set of an application. The client itself lives at the key manager, known here by its consumer key."""

    class State(models.TextChoices):
        CREATED = "CREATED"  # reserved here; the key manager has not answered yet
        COMPLETED = "COMPLETED"

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="keys")
    key_type = models.CharField(max_length=10, choices=KeyType.choices)
    # A plain string and no foreign key: a remote key manager may stand in (store/key_managers/).
    consumer_key = models.CharField(max_length=255, unique=True, null=True)  # noqa: DJ001
    scopes = models.JSONField(default=list, help_text="The developer's choice; empty: all of the subscribed APIs.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.CREATED)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "key_type"], name="application_key_once_per_type")
        ]

    def __str__(self) -> str:
        return f"{self.application} {self.key_type}"


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def with_names(self) -> SubscriptionQuerySet:
        """Of the application, the API and the tier, as lists show them."""
        related = self.select_related("application", "api", "policy")
        return related.defer(*(f"api__{column}" for column in Api.LARGE))


class Subscription(models.Model):
    class Status(models.TextChoices):
        UNBLOCKED = "UNBLOCKED"
        BLOCKED = "BLOCKED"
        PROD_ONLY_BLOCKED = "PROD_ONLY_BLOCKED"
        ON_HOLD = "ON_HOLD"
        REJECTED = "REJECTED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="subscriptions")
    api = models.ForeignKey(Api, on_delete=models.CASCADE, related_name="subscriptions")
    policy = models.ForeignKey(ThrottlingPolicy, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=17, choices=Status.choices, default=Status.UNBLOCKED)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["application", "api"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.application} to {self.api}"


class EndedSubscription(models.Model):
    """A self-contained token says for its whole life what its application was subscribed to: gateways are told that it
    is over."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    api = models.ForeignKey(Api, on_delete=models.CASCADE, related_name="+")
    ended_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["application", "api"], name="subscription_ended_once")]

    def __str__(self) -> str:
        return f"{self.application} to {self.api}, until {self.ended_at}"


class ApiKey(models.Model):
    """The second way in: a key that stands for an application by itself, without a token. A checksum only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="api_keys")
    key_type = models.CharField(max_length=10, choices=KeyType.choices)
    name = models.CharField(max_length=70, blank=True)
    prefix = models.CharField(max_length=12, help_text="Its first characters, to tell it from others.")
    checksum = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.application} {self.prefix}…"


class BlockingCondition(models.Model):
    """Calls that the gateway refuses until somebody lifts it, whatever their tokens allow."""

    class Kind(models.TextChoices):
        API = "api", "API"
        APPLICATION = "application", "Application"
        USER = "user", "User"
        ADDRESS = "address", "Address"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    value = models.CharField(
        max_length=200,
        help_text="A context (/photos), the id of an application, a user name, or a network (192.0.2.0/24).",
    )
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="blocking_condition_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"
