"""allauth's forms of the second factors, hardened: a code works once, and no answer of a browser, however ill-formed,
is more than a sentence."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError

from accounts import two_step

CODE_ATTRS = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
NAME_LENGTH = 60
CREDENTIAL_LENGTH = 32_000
REFUSED = "This passkey was not accepted. Try again, or use another way."
# What the parsers of CBOR, COSE and JSON raise on what no authenticator made.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, struct.error)


class CodeMixin:
    """What the authenticator app or the list of recovery codes says, once."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget = forms.TextInput(CODE_ATTRS)

    def clean_code(self) -> str:
        used = ValidationError("This code was used already; wait for the next one.", code="used")
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError as error:
            # allauth says of a code it remembers that it is incorrect.
            raise used if error.code == "incorrect_code" and self.was_used() else error from None
        found: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if found.type == Authenticator.Type.TOTP and not two_step.claim(found, code):
            raise used
        return code

    def was_used(self) -> bool:
        apps = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP)  # type: ignore[attr-defined]
        return any(two_step.was_used(app, self.cleaned_data["code"]) for app in apps)  # type: ignore[attr-defined]


class CodeForm(CodeMixin, AuthenticateForm):  # type: ignore[misc]
    pass


class CodeAgainForm(CodeMixin, ReauthenticateForm):  # type: ignore[misc]
    pass


class SetUpAppForm(ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code"
        self.fields["code"].help_text = "Six digits, as the app shows them now."
        self.fields["code"].widget = forms.TextInput(CODE_ATTRS | {"inputmode": "numeric"})


class CredentialField(forms.JSONField):
    """What the browser made of the passkey, as JSON (WebAuthn 5.1.8, PublicKeyCredential.toJSON)."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": REFUSED,
        "required": "Nothing came from the passkey. It needs JavaScript and a browser that knows passkeys.",
    }

    def to_python(self, value: Any) -> Any:
        try:
            read = super().to_python(value if len(value or "") <= CREDENTIAL_LENGTH else "-")
        except (ValueError, RecursionError):
            raise ValidationError(REFUSED, code="invalid") from None
        if read is not None and not isinstance(read, dict):
            raise ValidationError(REFUSED, code="invalid")
        return read


class PasskeyMixin:
    """A passkey's answer to our question."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError as error:
            too_often = get_adapter().error_messages["too_many_login_attempts"]
            raise ValidationError(too_often if too_often in error.messages else REFUSED) from None
        except MALFORMED:
            raise ValidationError(REFUSED, code="malformed") from None


class PasskeySignInForm(PasskeyMixin, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyForm(PasskeyMixin, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgainForm(PasskeyMixin, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Always one that signs in by itself, so the authenticator must ask for a PIN or a finger."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["passwordless"]
        self.fields["name"] = forms.CharField(
            label="Name",
            required=False,
            max_length=NAME_LENGTH,
            initial=self.initial["name"],
            help_text="So that you know it again, for example “Laptop”.",
        )
        self.fields["credential"] = CredentialField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        try:
            # allauth asks for user verification when this is ticked.
            self.cleaned_data["passwordless"] = True
            return super().clean()  # type: ignore[no-any-return]
        except (ValidationError, *MALFORMED):
            raise ValidationError(REFUSED, code="malformed") from None


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label="Name", max_length=NAME_LENGTH, initial=self.initial["name"])
