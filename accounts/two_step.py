"""What allauth's second factors look like here, and a code of the authenticator app works once."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.db import transaction

from accounts import realms, sealing
from accounts.models import User

LAST_STEP = "last_step"


class TwoStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's, with secrets sealed at rest, people by their user names, and one relying party for both doors."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """The fill is white, so that a camera reads it on a dark page too. Few ask, so it is imported late."""
        import qrcode
        from qrcode.image.svg import SvgPathFillImage

        return qrcode.make(url, image_factory=SvgPathFillImage).to_string().decode()  # type: ignore[no-any-return]

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        before = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {before + 1}" if before else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """WebAuthn 5.1.2: the relying party is the portal's host, whichever of its names the request came by."""
        return {"id": urlsplit(settings.PORTAL_URL).hostname or "", "name": self._get_site_name()}

    def _get_user_identifier(self, user: User) -> str:
        return user.get_username()

    def _get_site_name(self) -> str:
        return f"API Store ({realms.portal()})"


@transaction.atomic
def claim(authenticator: Authenticator, code: str) -> bool:
    """RFC 6238 5.2: the verifier MUST NOT accept the second attempt of a code, nor one from before it.

    allauth remembers used codes in the cache, which every process has for itself; here the row decides.
    """
    row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    step = step_of(sealing.unseal(row.data["secret"]), code)
    if step is None or step <= row.data.get(LAST_STEP, 0):
        return False
    row.data[LAST_STEP] = step
    row.save(update_fields=["data"])
    return True


def was_used(authenticator: Authenticator, code: str) -> bool:
    """Whether it is right, and good no more: who signs in at both doors within half a minute shows one code twice."""
    step = step_of(sealing.unseal(authenticator.data["secret"]), code)
    return step is not None and step <= int(authenticator.data.get(LAST_STEP, 0))


def step_of(secret: str, code: str) -> int | None:
    """The time step that `code` belongs to, of those that are accepted now."""
    for step in totp.yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, step))):
            return int(step)
    return None
