from __future__ import annotations

from django.urls import path

from keymanager.sign_in_elsewhere import views as elsewhere
from keymanager.views import (
    approvals,
    authorize,
    consent,
    device,
    documents,
    introspect,
    par,
    registration,
    revoke,
    select_account,
    sign_in,
    token,
    userinfo,
)

app_name = "keymanager"
urlpatterns = [
    path("oauth2/", approvals.home, name="home"),
    path("oauth2/approvals.json", approvals.download, name="approvals-download"),
    path("oauth2/approvals/<int:client>/withdraw", approvals.withdraw, name="withdraw"),
    path("oauth2/authorize", authorize.authorize, name="authorize"),
    path("oauth2/account/login/", sign_in.sign_in, name="sign-in"),
    path("oauth2/account/signup/", sign_in.sign_up, name="sign-up"),
    path("oauth2/account/select/", select_account.select_account, name="select-account"),
    path("oauth2/account/elsewhere/", elsewhere.start, name="elsewhere"),
    path("oauth2/account/elsewhere/callback", elsewhere.callback, name="elsewhere-callback"),
    path("oauth2/account/elsewhere/signed_out", elsewhere.signed_out, name="elsewhere-signed-out"),
    path(
        "oauth2/account/elsewhere/backchannel_logout",
        elsewhere.backchannel_logout,
        name="elsewhere-backchannel-logout",
    ),
    path("oauth2/consent/<str:key>", consent.consent, name="consent"),
    path("oauth2/par", par.par, name="par"),
    path("oauth2/token", token.token, name="token"),
    path("oauth2/revoke", revoke.revoke, name="revoke"),
    path("oauth2/introspect", introspect.introspect, name="introspect"),
    path("oauth2/userinfo", userinfo.userinfo, name="userinfo"),
    path("oauth2/device_authorization", device.device_authorization, name="device-authorization"),
    path("oauth2/device", device.device, name="device"),
    path("oauth2/device/qr", device.qr, name="device-qr"),
    path("oauth2/register", registration.register, name="register"),
    path("oauth2/register/<str:client_id>", registration.registered, name="registered"),
    path("client-registration/v0.14/register", registration.wso2_register, name="wso2-register"),
    path("oauth2/jwks", documents.jwks, name="jwks"),
    path(".well-known/openid-configuration", documents.metadata, name="openid-configuration"),
    path(".well-known/openid-configuration/<path:path>", documents.metadata_of_path),
    path("<path:path>/.well-known/openid-configuration", documents.metadata_of_path),
    path(".well-known/oauth-authorization-server", documents.metadata, name="authorization-server"),
    path(".well-known/oauth-authorization-server/<path:path>", documents.metadata_of_path),
    path(".well-known/webfinger", documents.webfinger, name="webfinger"),
]
