from __future__ import annotations

from django.urls import path

from keymanager import approval_views, device_views, views

app_name = "keymanager"
urlpatterns = [
    path("oauth2/", approval_views.home, name="home"),
    path("oauth2/approvals.json", approval_views.download, name="approvals-download"),
    path("oauth2/approvals/<int:client>/withdraw", approval_views.withdraw, name="withdraw"),
    path("oauth2/authorize", views.authorize, name="authorize"),
    path("oauth2/account/login/", views.sign_in, name="sign-in"),
    path("oauth2/consent/<str:key>", views.consent, name="consent"),
    path("oauth2/token", views.token, name="token"),
    path("oauth2/revoke", views.revoke, name="revoke"),
    path("oauth2/introspect", views.introspect, name="introspect"),
    path("oauth2/userinfo", views.userinfo, name="userinfo"),
    path("oauth2/device_authorization", device_views.device_authorization, name="device-authorization"),
    path("oauth2/device", device_views.device, name="device"),
    path("oauth2/device/qr", device_views.qr, name="device-qr"),
    path("oauth2/jwks", views.jwks, name="jwks"),
    path(".well-known/openid-configuration", views.metadata, name="openid-configuration"),
    path(".well-known/oauth-authorization-server", views.metadata, name="authorization-server"),
]
