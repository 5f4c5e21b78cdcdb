from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from tests.apimanager.test_security_headers import every_address
from tests.conftest import person
from tests.keymanager.conftest import sign_in

pytestmark = pytest.mark.django_db
# Where GET does something, each once.
DEEDS = {
    "/oauth2/authorize",
    "/oauth2/logout",
    "/accounts/security/go-on/",
    "/oauth2/account/security/go-on/",
    "/oauth2/account/elsewhere/",
    "/oauth2/account/elsewhere/callback",
    "/oauth2/account/elsewhere/signed_out",
}


@pytest.mark.rfc("9110#9.1")
@pytest.mark.filterwarnings("ignore:The default scheme")  # Django 6.0's, of the administration's forms
def test_head_is_for_what_get_is() -> None:
    """ "All general-purpose servers MUST support the methods GET and HEAD." """
    person("dora", is_staff=True, is_superuser=True)
    browser = sign_in(Browser(), "dora")
    browser.force_login(User.objects.get(username="dora"))

    read = [address for address in every_address() if browser.get(address).status_code != 405]

    assert {address for address in read if browser.head(address).status_code == 405} == DEEDS
