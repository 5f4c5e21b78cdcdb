"""Authorization requests that are kept here while the browser carries only a reference to them (RFC 9126).

A reference works for a moment until a browser first comes with it, and from then on as long as a person may need to
sign in; it is used up when the answer goes back to the client. It is not tied to the browser that came first: who goes
on in another browser, or whose link a program looked at first, would be locked out, and the answer goes to the client's
own address in any case, once.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from keymanager import checksums
from keymanager.models import Client
from keymanager.pushed_models import PushedRequest

PREFIX = "urn:ietf:params:oauth:request_uri:"
# RFC 9126 2.2 speaks of 5 to 600 seconds.
LIFETIME = 90
# A person who signs in with a second factor on another device needs a while.
DETOUR = timedelta(minutes=10)
# Django goes on to no address of more than 2048 characters after a sign-in; there is room for the marks of detours.py.
LONGEST_QUERY = 1500


def push(client: Client, parameters: dict[str, str]) -> PushedRequest:
    """The request, checked before and kept from now on, for LIFETIME seconds."""
    until = timezone.now() + timedelta(seconds=LIFETIME)
    return PushedRequest.objects.create(client=client, parameters=parameters, expires_at=until)


def keep_long(client: Client, parameters: dict[str, str]) -> PushedRequest | None:
    """A request that came whole, kept here when it is too long to be carried from page to page in an address: a `state`
    with everything in it, rich details, an `id_token_hint`. RFC 6749 sets no limit to any of them."""
    if len(urlencode(parameters)) <= LONGEST_QUERY:
        return None
    row = push(client, parameters)
    hold_open(row)
    return row


def reference(row: PushedRequest) -> str:
    """RFC 9126 2.2: "MUST contain some part generated using a cryptographically strong pseudorandom algorithm"."""
    name = row.pk.hex
    return f"{PREFIX}{name}.{checksums.checksum(name, checksums.PUSHED_REQUEST)}"


def find(client: Client, text: str) -> PushedRequest | None:
    """The unexpired, unanswered request of this client that `text` names (RFC 9126 2.2: "bound to the client")."""
    name, _, proof = text.removeprefix(PREFIX).partition(".")
    expected = checksums.checksum(name, checksums.PUSHED_REQUEST)
    if not hmac.compare_digest(proof.encode(errors="replace"), expected.encode()):
        return None
    live = Q(client=client, consumed_at=None, expires_at__gt=timezone.now())
    return PushedRequest.objects.filter(live, pk=UUID(hex=name)).first()


def open_for_browser(client: Client, text: str) -> PushedRequest | None:
    """As `find`; the first time it is held open for as long as a person may need."""
    row = find(client, text)
    if row is not None and row.opened_at is None:
        hold_open(row)
    return row


def hold_open(row: PushedRequest) -> None:
    now = timezone.now()
    PushedRequest.objects.filter(pk=row.pk, opened_at=None).update(opened_at=now, expires_at=now + DETOUR)


def claim(row: PushedRequest) -> bool:
    """Whether this answer is the first (RFC 9126 4: one-time use); of two at once exactly one is."""
    return bool(PushedRequest.objects.filter(pk=row.pk, consumed_at=None).update(consumed_at=timezone.now()))


def carried(parameters: dict[str, str], row: PushedRequest | None) -> dict[str, str]:
    """What an address has to carry so that the browser comes back with `parameters`."""
    if row is None:
        return parameters
    if row.parameters != parameters:
        PushedRequest.objects.filter(pk=row.pk).update(parameters=parameters)
    return {"client_id": parameters["client_id"], "request_uri": reference(row)}
