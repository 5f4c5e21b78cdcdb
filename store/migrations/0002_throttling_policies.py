"""The tiers every portal starts with (wso2-2.6: 50PerMin, 20PerMin, 10PerMin for applications; Gold, Silver, Bronze for
subscriptions), unlimited last."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POLICIES = [
    ("application", "50PerMin", "50 calls a minute for each access token", 50),
    ("application", "20PerMin", "20 calls a minute for each access token", 20),
    ("application", "10PerMin", "10 calls a minute for each access token", 10),
    ("application", "Unlimited", "No limit", None),
    ("subscription", "Gold", "5000 calls a minute", 5000),
    ("subscription", "Silver", "2000 calls a minute", 2000),
    ("subscription", "Bronze", "1000 calls a minute", 1000),
    ("subscription", "Unlimited", "No limit", None),
]


def create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policy = apps.get_model("store", "ThrottlingPolicy")
    for position, (level, name, description, count) in enumerate(POLICIES):
        policy.objects.create(
            level=level, name=name, description=description, request_count=count, unit_time=60, position=position
        )


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
