"""OpenID Connect Back-Channel Logout 1.0: the logout token, and handing it to the client's own address."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from accounts import outside
from keymanager import profiles, signing, subjects
from keymanager.models import LogoutNotice

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
# 2.8: "the RP MUST respond with an HTTP 200 OK"; "some Web frameworks will substitute an HTTP 204 No Content".
WELCOME = frozenset({200, 204})


class NotDelivered(Exception):
    """The text says why, for the log and the operator; `status` is the HTTP status when there was an answer."""

    def __init__(self, why: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(why)


def logout_token(notice: LogoutNotice) -> str:
    """2.4: "A Logout Token MUST contain either a sub or a sid Claim, and MAY contain both", and no nonce."""
    now = int(time.time())
    claims = {
        "iss": settings.ISSUER,
        "aud": notice.client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "sub": subjects.of(notice.user, notice.client),
        "events": {EVENT: {}},
    }
    if notice.sid:
        claims["sid"] = notice.sid
    algorithm = profiles.signing_algorithm(notice.client, notice.client.id_token_signed_response_alg)
    return signing.sign(claims, typ="logout+jwt", algorithm=algorithm)


def send(notice: LogoutNotice) -> int:
    """2.5: one POST, freshly signed; the status that welcomed it. No redirect is followed, the certificate is verified,
    and it is over after a few seconds."""
    uri = notice.client.registered("backchannel_logout_uri")
    if not uri:
        raise NotDelivered("the client has no address any more")
    parts = urlsplit(uri)
    body = urlencode({"logout_token": logout_token(notice)})
    try:
        with outside.within_time(outside.Connection(parts)) as connection:
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
            connection.request("POST", outside.path_of(parts), body=body, headers=headers)
            status = connection.getresponse().status
    except outside.NotReached as fault:
        raise NotDelivered(str(fault)) from fault
    except outside.FAULTS as fault:
        raise NotDelivered(f"{type(fault).__name__}: {fault}") from fault
    if status not in WELCOME:
        raise NotDelivered(f"answered with status {status}", status)
    return status
