import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import betaconsole.storage.fields

NEWEST = 500


def ask_for_the_newest(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """What the first pages of the history show; older ones when somebody looks at them."""
    ended = apps.get_model("runs", "Comparison").objects.filter(repeats__gt=1, finished_at__isnull=False)
    due = apps.get_model("runs", "VerdictDue")
    keys = ended.order_by("-pk").values_list("pk", flat=True)[:NEWEST]
    due.objects.bulk_create([due(comparison_id=pk) for pk in keys])


class Migration(migrations.Migration):
    dependencies = [("runs", "0012_imports")]

    operations = [
        migrations.AddField(
            model_name="comparison",
            name="verdict",
            field=betaconsole.storage.fields.ExactTextField(null=True),
        ),
        migrations.CreateModel(
            name="VerdictDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "comparison",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="runs.comparison"
                    ),
                ),
            ],
        ),
        migrations.RunPython(ask_for_the_newest, migrations.RunPython.noop, elidable=True),
    ]
