"""What lists say of a comparison stands with it; tags, pins and deletions. Nothing stored changes: columns are added empty."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import betaconsole.storage.fields


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_reservation"), ("teams", "0001_initial")]

    operations = [
        migrations.AddField("comparison", "summary", betaconsole.storage.fields.JsonTextField(null=True)),
        migrations.AddField("comparison", "cost_usd", models.DecimalField(max_digits=14, decimal_places=8, null=True)),
        migrations.AddField("comparison", "slowest_ms", models.FloatField(null=True)),
        migrations.AddField("comparison", "tags", betaconsole.storage.fields.JsonTextField(null=True)),
        migrations.AddField("comparison", "pinned_at", models.DateTimeField(null=True)),
        migrations.AddField("comparison", "deleted_at", models.DateTimeField(null=True)),
        migrations.AddIndex("comparison", models.Index(fields=["team", "created_at"], name="comparison_by_time")),
        migrations.AddIndex(
            "comparison",
            models.Index(fields=["team"], condition=Q(pinned_at__isnull=False), name="comparison_pinned"),
        ),
        migrations.AddIndex(
            "comparison",
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="comparison_deleted"),
        ),
        migrations.CreateModel(
            name="SentValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("value", models.CharField(max_length=200)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="teams.team",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["team", "kind", "value"], name="one_sent_value")],
            },
        ),
    ]
