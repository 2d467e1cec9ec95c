from typing import Any

from django.db import migrations, models


def fail(apps: Any, editor: Any) -> None:
    apps.get_model("halfway", "Half").objects.create()
    raise LookupError("what it was to change is not as it should be")


class Migration(migrations.Migration):
    dependencies = (("halfway", "0001_initial"),)
    operations = (
        migrations.CreateModel("Half", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunPython(fail),
    )
