"""The account pages, the same at both doors (accounts/realms.py).

What stands above the includes stands in for a page of allauth's at the same address. Those that send mails write them
together with what they tell of (views.together).
"""

from __future__ import annotations

from allauth.account import views as people
from allauth.mfa.recovery_codes.views import view_recovery_codes
from allauth.mfa.totp.views import activate_totp, deactivate_totp
from allauth.mfa.webauthn.views import remove_webauthn
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from accounts import details, passkey_views, views
from accounts.views import together

to_security = RedirectView.as_view(pattern_name="account_security")

urlpatterns: list[URLPattern | URLResolver] = [
    path("details/", details.details, name="account_details"),
    path("login/", views.sign_in),
    path("signup/", together(people.signup)),
    path("email/", together(people.email)),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", together(people.confirm_email)),
    path("password/change/", together(people.password_change)),
    path("password/set/", together(people.password_set)),
    path("password/reset/", together(people.password_reset)),
    re_path(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", together(people.password_reset_from_key)),
    path("security/", views.security, name="account_security"),
    path("security/go-on/", views.go_on, name="account_go_on"),
    path("security/devices/end/", views.end_other_devices, name="account_end_other_devices"),
    path("security/devices/<int:device>/end/", views.end_device, name="account_end_device"),
    path("two-step/", to_security),
    path("two-step/totp/activate/", never_cache(activate_totp)),
    path("two-step/totp/deactivate/", together(deactivate_totp)),
    path("two-step/recovery-codes/", never_cache(view_recovery_codes)),
    path("two-step/recovery-codes/save/", views.download_codes, name="account_download_codes"),
    path("two-step/webauthn/", to_security),
    path("two-step/webauthn/add/", never_cache(together(passkey_views.add))),
    path("two-step/webauthn/keys/<int:pk>/remove/", together(remove_webauthn)),
    path("two-step/webauthn/login/", passkey_views.sign_in),
    path("two-step/webauthn/reauthenticate/", passkey_views.again),
    path("", include("allauth.account.urls")),
    path("two-step/", include("allauth.mfa.urls")),
]
