"""Nearly every exchange is in no batch, and an index that says so leads SQLite through all of them: the partial one stays."""

import django.db.models.deletion
from django.db import migrations, models

NAME = "runs_exchange_batch_id_81169c66"


class Migration(migrations.Migration):
    dependencies = [("runs", "0003_turns_endpoints_batches")]

    operations = [
        # Dropped by hand: Django would make the whole table anew on SQLite.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX IF EXISTS {NAME}", f"CREATE INDEX IF NOT EXISTS {NAME} ON runs_exchange (batch_id)"
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="exchange",
                    name="batch",
                    field=models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="exchanges",
                        to="runs.batch",
                    ),
                )
            ],
        )
    ]
