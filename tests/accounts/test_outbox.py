"""What every outbox has in common."""

from __future__ import annotations

from functools import partial

import pytest

from accounts import mails, outbox
from accounts.models import Mail
from tests.outages import Looks, rename


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_database_that_is_away_is_told_once_and_that_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "accounts.outbox")
    table = Mail._meta.db_table
    goes, comes = partial(rename, table, "away"), partial(rename, "away", table)

    goes()
    outbox.work(Looks(int, int, comes, int, goes, int, comes), mails.deliver_due)

    told = [record.getMessage().removeprefix("what is to be sent ").split()[0] for record in caplog.records]
    assert told == ["waits", "goes", "waits", "goes"]
