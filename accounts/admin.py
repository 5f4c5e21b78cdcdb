"""People, for those who run the portal: who may sign in, and who may do what."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.admin import AuthenticatorAdmin
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, QuerySet
from django.http import HttpRequest

from accounts import people
from accounts.models import User

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:
    Admin = admin.ModelAdmin


class OfSuperusers(Admin):
    """By what is here one can become anybody: no permission is enough."""

    def is_for(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_module_permission = has_view_permission = is_for
    has_add_permission = has_change_permission = has_delete_permission = is_for


class Trusted(AnonymousUser):
    """Has every permission, and may not do everything."""

    is_active = is_staff = True  # type: ignore[assignment]

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return True


def opening(page: Admin) -> QuerySet[Permission]:
    """The permissions that open this page, or something that its `elsewhere` says."""
    request = HttpRequest()
    request.user = Trusted()
    opened = {action for action, is_open in page.get_model_perms(request).items() if is_open}
    names = [get_permission_codename(action, page.opts) for action in opened.union(getattr(page, "elsewhere", ()))]
    of_model = ContentType.objects.get_for_model(page.model)
    return Permission.objects.filter(content_type=of_model, codename__in=names)


admin.site.unregister((EmailAddress, Authenticator, Group))


@admin.register(EmailAddress)
class AddressAdmin(OfSuperusers, EmailAddressAdmin):  # type: ignore[misc]
    """A new password is sent there."""


@admin.register(Authenticator)
class SecondFactorAdmin(OfSuperusers, AuthenticatorAdmin):  # type: ignore[misc]
    """Removed for who has lost it; what is sealed is nobody's to look at."""

    exclude = ("data",)
    readonly_fields = ("user", "type", "created_at", "last_used_at")


@admin.register(Group)
class RightsAdmin(OfSuperusers, GroupAdmin):
    """Its members have all its permissions."""


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        labels = {  # noqa: RUF012
            "is_active": "May sign in",
            "applications_may_call": "Applications may call",
            "is_staff": "Runs the portal",
            "is_superuser": "May do everything",
            "user_permissions": "May do",
        }
        help_texts = {  # noqa: RUF012
            "username": "",
            "subject": "What tokens have as sub.",
            "is_active": "Without it every session ends, and what was issued for this person is refused, at gateways "
            "within two seconds; the applications and the APIs they own go on.",
            "applications_may_call": "Without it the applications this person owns get no tokens, and gateways refuse, "
            "within two seconds, their API keys and every token they have, also those that other people approved. "
            "Nothing is removed: ticked again, all is good that has not expired.",
            "is_staff": "Publishes and changes all APIs, sees gateways and blocking; and in the administration what is "
            "chosen below.",
            "is_superuser": "Without any choice below. Only such people change this page.",
            "user_permissions": "“Can add api” makes a publisher, who sees and changes APIs of their "
            "own only. The others open pages of the administration to whoever runs the portal.",
        }


# What most people are, and what is said of the others.
STATES = {
    "is_active": (True, "shut out"),
    "applications_may_call": (True, "applications stopped"),
    "is_staff": (False, "runs the portal"),
    "is_superuser": (False, "may do everything"),
}


class Named(admin.BooleanFieldListFilter):
    """As the form names it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = PersonForm.Meta.labels[str(self.field_path)].lower()


@admin.register(User)
class PersonAdmin(Admin):
    """People sign up by themselves, and choose their passwords; whoever has used the portal is not removed."""

    form = PersonForm
    list_display = ("username", "state", "email", "last_login")
    list_filter = tuple((name, Named) for name in STATES)
    search_fields = ("username", "email", "subject")
    readonly_fields = ("username", "email", "subject", "date_joined", "last_login")
    fields = (
        *readonly_fields,
        "is_active",
        "applications_may_call",
        "is_staff",
        "is_superuser",
        "user_permissions",
    )
    filter_horizontal = ("user_permissions",)
    # The page may have been open for long: a tick that nobody touched must not let in whom somebody else shut out.
    formfield_overrides = {BooleanField: {"show_hidden_initial": True}}  # noqa: RUF012

    @admin.display(empty_value="")
    def state(self, user: User) -> str:
        return ", ".join(words for name, (usual, words) in STATES.items() if getattr(user, name) != usual)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of one's own account: whoever took away the last right would be the last to have had it."""
        return bool(request.user.is_superuser) and obj != request.user

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only permissions that change anything: by which a page of the administration opens, or the portal asks."""
        chosen = Permission.objects.none()
        for page in self.admin_site._registry.values():
            chosen |= opening(page)
        kwargs["queryset"] = chosen.select_related("content_type")
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        # With the names of application and model before it, as Django has it, the end is not to be read.
        field.label_from_instance = operator.attrgetter("name")
        return field

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """What was not typed is left alone: a password that the person changes at this moment, for example."""
        obj.save(update_fields=[name for name in form.changed_data if name in ("is_staff", "is_superuser")])
        if "is_active" in form.changed_data:
            (people.let_in if obj.is_active else people.shut_out)(obj)
        if "applications_may_call" in form.changed_data:
            (people.resume_applications if obj.applications_may_call else people.stop_applications)(obj)
