"""The tier of calls without a token (wso2-2.6: Unauthenticated, 60 a minute), counted by address."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LEVELS = [
    ("application", "Application"),
    ("subscription", "Subscription"),
    ("resource", "Resource"),
    ("anonymous", "Anonymous"),
]
VALUE = "A context (/photos), the id of an application, a user name, or a network (192.0.2.0/24)."


def create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("store", "ThrottlingPolicy").objects.create(
        level="anonymous",
        name="Unauthenticated",
        description="60 calls a minute for each address",
        request_count=60,
        unit_time=60,
    )


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("store", "ThrottlingPolicy").objects.filter(level="anonymous").delete()


class Migration(migrations.Migration):
    dependencies = [("store", "0005_revision")]
    operations = [
        migrations.AlterModelOptions(
            name="throttlingpolicy", options={"verbose_name_plural": "throttling policies"}
        ),
        migrations.AlterField(
            model_name="throttlingpolicy",
            name="level",
            field=models.CharField(choices=LEVELS, max_length=12),
        ),
        migrations.AlterField(
            model_name="blockingcondition",
            name="value",
            field=models.CharField(help_text=VALUE, max_length=200),
        ),
        migrations.RunPython(create, remove),
    ]
