"""What docs/grants shows: one function a page, which plays its exchanges."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from keymanager import logout_notices, trusted_issuers
from keymanager.grants import device_code as device, jwt_bearer, token_exchange
from keymanager.models import ClientURI, RefreshToken, Resource, Scope
from tests.keymanager.conftest import (
    CALLBACK,
    VERIFIER,
    Registered,
    authorize,
    basic,
    challenge,
    code_for,
    exchange,
)
from tests.keymanager.keys import claims, pair
from tests.keymanager.proofs import USERINFO, Holder, digest
from tests.keymanager.receiver import Receiver
from tests.keymanager.signed import ASSERTION_TYPE, request_object
from tests.keymanager.test_client_certificates import issued, told
from tests.keymanager.wire import Tape, parameters_of

AUTHORIZE, TOKEN = "/oauth2/authorize", "/oauth2/token"
PKCE: dict[str, Any] = dict(challenge())
FOR_GOOD = {"decision": "approve_always", "remember": "until-withdrawn"}


@dataclass
class Stage:
    """bob's browser, alice's clients, and the tape that keeps what they say to the key manager."""

    browser: Browser
    register: Callable[..., Registered]
    tape: Tape = field(default_factory=Tape)

    def client(self, shown: str = "s6BhdRkqt3Vv1qZ0lUxWcYbNaPQe", **changes: Any) -> Registered:
        registered = self.register(**changes)
        self.tape.hide(registered.id, shown)
        if registered.secret:
            self.tape.hide(basic(registered)["Authorization"], "Basic czZCaGRSa3F0M1Z2…")
        return registered

    def approved(self, registered: Registered, **parameters: str) -> None:
        """bob has said "Approve Always" before."""
        asked = authorize(self.browser, registered, **parameters)
        assert self.browser.post(asked["Location"], FOR_GOOD).status_code == 303

    def shows(self, name: str, token: str, shown: str) -> str:
        """A JWT that a client has made: what it says, and how it is shown from then on."""
        self.tape.hide(token, shown)
        self.tape.claims(name, token, header=True)
        return token

    def as_bob(self, name: str, path: str = AUTHORIZE, /, **parameters: Any) -> dict[str, str]:
        """A request from bob's browser; what it is answered."""
        self.tape.browser = self.browser
        answer = self.tape.get(name, path, **parameters)
        self.tape.browser = Browser()
        return dict(parameters_of(answer["Location"]))

    def token(self, name: str, registered: Registered, **parameters: str) -> Any:
        headers = basic(registered) if registered.secret else {}
        return self.tape.post(name, TOKEN, headers=headers, **parameters).json()


def authorization_code(stage: Stage) -> None:
    printer = stage.client()
    stage.approved(printer)
    asked: dict[str, Any] = {"response_type": "code", "client_id": printer.id, "redirect_uri": CALLBACK}
    asked |= {"state": "xyz", "scope": "photos:read", **PKCE}
    stage.tape.get("nobody is signed in", AUTHORIZE, **asked)
    code = stage.as_bob("the code", **asked)["code"]
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    answer = stage.token("the token", printer, **sent)
    stage.tape.claims("what the token says", answer["access_token"])
    stage.token("the code again", printer, **sent)
    stage.as_bob("refused", **(asked | {"code_challenge_method": "plain"}))
    as_the_page_has_it(stage, printer)


def as_the_page_has_it(stage: Stage, printer: Registered) -> None:
    asked = {"response_type": "code", "client_id": printer.id, "scope": "PRODUCTION", "redirect_uri": CALLBACK}
    stage.approved(printer, scope="PRODUCTION")
    code = stage.as_bob("without PKCE", **asked)["code"]
    stage.token("without PKCE", printer, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)


def refresh_token(stage: Stage) -> None:
    printer = stage.client()
    first = exchange(printer, code_for(stage.browser, printer, scope="photos:read photos:write")).json()
    stage.tape.learn("refresh_token", first["refresh_token"])
    stage.tape.learn("access_token", first["access_token"])
    sent = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "scope": "photos:read"}
    stage.token("the next pair", printer, **sent)
    RefreshToken.objects.update(consumed_at=timezone.now() - timedelta(minutes=1))
    stage.token("used a minute ago", printer, **sent)


def client_credentials(stage: Stage) -> None:
    printer = stage.client()
    answer = stage.token("the token", printer, grant_type="client_credentials", scope="photos:read")
    stage.tape.claims("what the token says", answer["access_token"])
    wrong = basic(printer, "wrong")
    stage.tape.hide(wrong["Authorization"], "Basic czZCaGRSa3F0Mzo3…")
    stage.tape.post("a wrong secret", TOKEN, headers=wrong, grant_type="client_credentials")


def password(stage: Stage) -> None:
    printer = stage.client()
    sent = {"grant_type": "password", "username": "bob", "password": "bob", "scope": "photos:read"}
    stage.token("the token", printer, **sent)
    stage.token("a wrong password", printer, **(sent | {"password": "rob"}))


def implicit(stage: Stage) -> None:
    printer = stage.client()
    stage.approved(printer, scope="openid photos:read")
    asked = {"client_id": printer.id, "redirect_uri": CALLBACK, "state": "xyz"}
    stage.as_bob("the token", response_type="token", scope="photos:read", **asked)
    answer = stage.as_bob("the ID token", response_type="id_token", scope="openid", nonce="n-0S6_WzA2Mj", **asked)
    stage.tape.claims("what the ID token says", answer["id_token"])
    stage.as_bob("no nonce", response_type="id_token", scope="openid", **asked)


def hybrid(stage: Stage) -> None:
    printer = stage.client()
    stage.approved(printer, scope="openid photos:read")
    asked = {"response_type": "code id_token", "client_id": printer.id, "redirect_uri": CALLBACK, "state": "xyz"}
    asked |= {"scope": "openid photos:read", "nonce": "n-0S6_WzA2Mj"}
    answer = stage.as_bob("the code and the ID token", **asked)
    stage.tape.claims("what the ID token says", answer["id_token"])
    sent = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": CALLBACK}
    stage.token("the token", printer, **sent)


def device_code(stage: Stage) -> None:
    frame = stage.client(public=True, name="Photo Frame", grant_types=[device.GRANT_TYPE, "refresh_token"])
    asked: dict[str, Any] = {"client_id": frame.id, "scope": "photos:read"}
    codes = stage.tape.post("the codes", "/oauth2/device_authorization", **asked).json()
    sent = {"grant_type": device.GRANT_TYPE, "device_code": codes["device_code"], "client_id": frame.id}
    stage.token("nobody has answered", frame, **sent)
    stage.token("asked too soon", frame, **sent)
    stage.browser.post("/oauth2/device", {"user_code": codes["user_code"], "decision": "approve"})
    stage.token("the token", frame, **sent)


def exchange_of_tokens(stage: Stage) -> None:
    printer, mine = stage.client("Kc5dYt8rWb2nHq7vXj4mZs1pLg9f"), "https://archive.example"
    archive = stage.client(name="Archive", grant_types=[token_exchange.GRANT_TYPE], access_token_lifetime=600)
    Resource.objects.create(uri=mine, title="Archive", server=archive.client)
    Resource.objects.create(uri="https://thumbnails.example", title="Thumbnails")
    subject = exchange(printer, code_for(stage.browser, printer, resource=mine)).json()["access_token"]
    stage.tape.learn("access_token", subject)
    sent = {"grant_type": token_exchange.GRANT_TYPE, "subject_token": subject}
    sent |= {"subject_token_type": token_exchange.ACCESS_TOKEN, "scope": "photos:read"}
    answer = stage.token("the exchange", archive, **sent, resource="https://thumbnails.example")
    stage.tape.claims("what the token says", answer["access_token"])
    stage.token("nobody's token", archive, **(sent | {"subject_token": "unknown"}))


def introspection_and_revocation(stage: Stage) -> None:
    printer = stage.client()
    answer = exchange(printer, code_for(stage.browser, printer)).json()
    for name in ("access_token", "refresh_token"):
        stage.tape.learn(name, answer[name])
    sent = {"headers": basic(printer), "token": answer["access_token"]}
    stage.tape.post("a live token", "/oauth2/introspect", **sent)
    signed = {"Accept": "application/token-introspection+jwt"} | basic(printer)
    stage.tape.post("signed", "/oauth2/introspect", headers=signed, token=answer["access_token"])
    hint = {"token_type_hint": "refresh_token"}
    stage.tape.post("revoked", "/oauth2/revoke", headers=basic(printer), token=answer["refresh_token"], **hint)
    stage.tape.post("a dead token", "/oauth2/introspect", **sent)
    stage.tape.post("revoked again", "/oauth2/revoke", headers=basic(printer), token=answer["refresh_token"], **hint)


def registration(stage: Stage) -> None:
    Scope.objects.get_or_create(name="photos:read", defaults={"title": "See your photos"})
    admission = printed("issue_initial_access_token", note="wire")
    stage.tape.hide(admission, "Zt4nRw8kPq2vXs6m…")
    asked = {"client_name": "Photo Frame", "redirect_uris": ["https://frame.example/callback"], "scope": "photos:read"}
    headers = {"Authorization": f"Bearer {admission}"}
    answer = stage.tape.json("the client", "POST", "/oauth2/register", asked, headers=headers).json()
    own = {"Authorization": f"Bearer {answer['registration_access_token']}"}
    address = f"/oauth2/register/{answer['client_id']}"
    changed = asked | {"client_id": answer["client_id"], "client_name": "Photo Wall"}
    stage.tape.json("changed", "PUT", address, changed, headers=own)
    stage.tape.send("removed", "DELETE", address, "", own)
    stage.tape.json("the token is used up", "POST", "/oauth2/register", asked, headers=headers)


def dpop(stage: Stage) -> None:
    printer, holder = stage.client(), Holder()
    stage.tape.hide(holder.thumbprint, "0ZcOCORZNYy-DWpqq30j…")
    stage.tape.hide(holder.jwk["x"], "l8tFrhx-34tV3hRICRDY…")
    stage.tape.hide(holder.jwk["y"], "9VE4jf_Ok_o64zbTTlcu…")
    code = code_for(stage.browser, printer, scope="openid")
    stage.tape.learn("code", code)
    proof = stage.shows("the proof", holder.proof(), "eyJ0eXAiOiJkcG9wK2p3…")
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    token = stage.tape.post("the token", TOKEN, headers=basic(printer) | {"DPoP": proof}, **sent)
    bound = token.json()["access_token"]
    stage.tape.claims("what the token says", bound)
    with_proof = holder.for_token(bound, USERINFO)
    stage.tape.hide(digest(bound), "fUHyO2r2Z3DZ53Es…")
    stage.shows("the proof for userinfo", with_proof["DPoP"], "eyJhbGciOiJFUzI1NiIs…")
    stage.tape.get("userinfo", "/oauth2/userinfo", headers=with_proof)
    stage.tape.get("as a bearer token", "/oauth2/userinfo", headers={"Authorization": f"Bearer {bound}"})


def authorization_requests(stage: Stage) -> None:
    printer = stage.client(metadata={"jwks": pair().jwks})
    stage.approved(printer)
    asked = {"response_type": "code", "client_id": printer.id, "redirect_uri": CALLBACK, "scope": "photos:read", **PKCE}
    reference = stage.tape.post("pushed", "/oauth2/par", headers=basic(printer), **asked).json()["request_uri"]
    stage.as_bob("by reference", client_id=printer.id, request_uri=reference)
    wrong = asked | {"redirect_uri": "https://printer.example/another"}
    stage.tape.post("refused at once", "/oauth2/par", headers=basic(printer), **wrong)
    signed = request_object(printer, typ="oauth-authz-req+jwt", **PKCE)
    stage.shows("the request object", signed, "eyJ0eXAiOiJvYXV0aC1h…")
    stage.as_bob("signed", client_id=printer.id, request=signed)
    answer = stage.as_bob("a signed answer", **asked, response_mode="jwt")
    stage.tape.claims("what the answer says", answer["response"])


def client_authentication(stage: Stage) -> None:
    sent: dict[str, Any] = {"grant_type": "client_credentials"}
    keyed = stage.client(metadata={"token_endpoint_auth_method": "private_key_jwt", "jwks": pair().jwks})
    assertion = stage.shows("the assertion", pair().sign(claims(keyed.id)), "eyJhbGciOiJFUzI1NiIs…")
    proof: dict[str, Any] = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    for name in ("by an assertion", "the assertion again"):
        stage.tape.post(name, TOKEN, **sent, **proof)
    leaf = issued()
    method = {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": {"keys": [leaf.jwk]}}
    certified = stage.client(metadata=method | {"tls_client_certificate_bound_access_tokens": True})
    gateway = told(leaf)
    stage.tape.hide(gateway["X-Forwarded-Client-Cert"], 'Hash=6f1c…;Chain="-----BEGIN%20CERTIFICATE-----%0AMIIB…"')
    stage.tape.hide(gateway["X-Gateway-Proof"], "f3a91c…")
    answer = stage.tape.post("by a certificate", TOKEN, headers=gateway, **sent, client_id=certified.id).json()
    thumbprint = jwt.decode(answer["access_token"], options={"verify_signature": False})["cnf"]["x5t#S256"]
    stage.tape.hide(thumbprint, "A4DtL2JmUMhAsvJj5tKy…")
    stage.tape.claims("what the token says", answer["access_token"])


def jwt_bearer_grant(stage: Stage) -> None:
    scanner = stage.client(grant_types=[jwt_bearer.GRANT_TYPE])
    trusted_issuers.trust(issuer="https://people.example", clients=[scanner.client], jwks=pair().jwks)
    bob = User.objects.get(username="bob")
    signed = pair().sign(claims("https://people.example", sub=str(bob.subject)))
    stage.shows("the assertion", signed, "eyJhbGciOiJFUzI1NiIs…")
    sent = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": signed, "scope": "photos:read"}
    for name in ("the token", "the assertion again"):
        stage.token(name, scanner, **sent)


def logout(stage: Stage) -> None:
    receiver = Receiver()
    host = receiver.site.removeprefix("http://")
    stage.tape.hide(host, "printer.example")
    printer = stage.client(metadata={"backchannel_logout_uri": receiver.url})
    ClientURI.objects.create(client=printer.client, kind=ClientURI.Kind.POST_LOGOUT, uri="https://printer.example/bye")
    hint = exchange(printer, code_for(stage.browser, printer, scope="openid")).json()["id_token"]
    stage.tape.learn("id_token", hint)
    wish = {"id_token_hint": hint, "post_logout_redirect_uri": "https://printer.example/bye", "state": "xyz"}
    stage.as_bob("signing out", "/oauth2/logout", **wish)
    logout_notices.deliver_due()
    receiver.stop()
    (token,) = receiver.tokens
    stage.tape.learn("logout_token", token)
    stage.tape.hide(jwt.get_unverified_header(token)["kid"], "FaEWy1oGDTvDElC-BNJY…")
    head = f"POST {receiver.url.removeprefix(receiver.site)} HTTP/1.1\nHost: {host}\nContent-Type: {receiver.types[0]}"
    stage.tape.keep("told to the client", f"{head}\n\nlogout_token={token}")
    stage.tape.claims("what the logout token says", token, header=True)


def printed(command: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue().strip()


PAGES: dict[str, Callable[[Stage], None]] = {
    "authorization-code": authorization_code,
    "refresh-token": refresh_token,
    "client-credentials": client_credentials,
    "password": password,
    "implicit": implicit,
    "hybrid": hybrid,
    "device": device_code,
    "token-exchange": exchange_of_tokens,
    "introspection-and-revocation": introspection_and_revocation,
    "registration": registration,
    "dpop": dpop,
    "authorization-requests": authorization_requests,
    "client-authentication": client_authentication,
    "jwt-bearer": jwt_bearer_grant,
    "logout": logout,
}
