"""People, for those who run the portal: who may sign in, and who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from accounts import people
from accounts.models import User

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:
    Admin = admin.ModelAdmin


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        labels = {  # noqa: RUF012
            "is_active": "May sign in",
            "is_staff": "Runs the portal",
            "is_superuser": "May do everything",
            "user_permissions": "May do",
        }
        help_texts = {  # noqa: RUF012
            "is_active": "Without it every session ends, and what was issued for this person is refused, at gateways "
            "within two seconds.",
            "is_staff": "Publishes and changes all APIs, sees gateways and blocking; and in the administration what is "
            "chosen below.",
            "is_superuser": "Without any choice below. Only such people change this page.",
            "user_permissions": "“API Store | api | Can add api” makes a publisher, who sees and changes APIs of their "
            "own only.",
        }


@admin.register(User)
class PersonAdmin(Admin):
    """People sign up by themselves, and choose their passwords; whoever has used the portal is not removed."""

    form = PersonForm
    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username", "email", "subject")
    readonly_fields = ("username", "email", "subject", "date_joined", "last_login")
    fields = (*readonly_fields, "is_active", "is_staff", "is_superuser", "user_permissions")
    filter_horizontal = ("user_permissions",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of one's own account: whoever took away the last right would be the last to have had it."""
        return bool(request.user.is_superuser) and obj != request.user

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only what changes anything: permissions for what is shown in the administration."""
        shown = ContentType.objects.get_for_models(*self.admin_site._registry).values()
        chosen = Permission.objects.filter(content_type__in=shown).select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, queryset=chosen, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            (people.let_in if obj.is_active else people.shut_out)(obj)
