from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("keymanager", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="is_resource_server",
            field=models.BooleanField(
                default=False, help_text="May read every access token at the introspection endpoint, as a gateway does."
            ),
        ),
    ]
