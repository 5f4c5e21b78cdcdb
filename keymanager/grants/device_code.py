"""RFC 8628."""

from __future__ import annotations

from django.db import transaction

from keymanager import device_codes, oidc, tokens
from keymanager.grants.base import Answer, TokenRequest
from keymanager.models import DeviceGrant

GRANT_TYPE = device_codes.GRANT_TYPE


def exchange(request: TokenRequest) -> Answer:
    """RFC 8628 3.4 and 3.5. Polls are counted before the transaction, which an error would undo."""
    row = device_codes.find(request.required("device_code"), client=request.client)
    device_codes.check_answer(row)
    return issue(request, row)


@transaction.atomic
def issue(request: TokenRequest, row: DeviceGrant) -> Answer:
    authorization = device_codes.claim(row)
    answer = tokens.for_authorization(authorization, request.content(authorization))
    if "openid" in authorization.scope.split():
        answer["id_token"] = oidc.id_token(authorization, access_token=answer["access_token"])
    return answer
