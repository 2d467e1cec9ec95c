from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q, Sum
from django.db.models.functions import TruncDate

BATCH = 500


def book_this_month(apps, schema_editor):
    """What was spent this month before there were reservations, so that a budget set today knows of it."""
    Comparison, Exchange = apps.get_model("runs", "Comparison"), apps.get_model("runs", "Exchange")
    Reservation = apps.get_model("runs", "Reservation")
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = (
        Exchange.objects.filter(comparison__in=Comparison.objects.filter(created_at__gte=month, simulated=False))
        .exclude(cost_usd=None)
        .values("comparison_id", "connection_id", day=TruncDate("created_at", tzinfo=UTC))
        .annotate(usd=Sum("cost_usd"), requests=models.Count("pk"))
        .order_by("comparison_id", "day")
    )
    Reservation.objects.bulk_create(
        (
            Reservation(
                connection_id=row["connection_id"],
                comparison_id=row["comparison_id"],
                day=row["day"],
                requests=row["requests"],
                spent_usd=row["usd"],
                settled_at=datetime.now(UTC),
            )
            for row in spent.iterator(BATCH)
        ),
        batch_size=BATCH,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0005_exchange_outcomes"),
        ("teams", "0002_connection_budgets_and_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("after_exchange", models.BigIntegerField(default=0)),
                ("requests", models.PositiveIntegerField()),
                ("reserved_usd", models.DecimalField(decimal_places=8, default=0, max_digits=16)),
                ("spent_usd", models.DecimalField(decimal_places=8, default=0, max_digits=16)),
                ("is_priced", models.BooleanField(default=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "comparison",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reservations",
                        to="runs.comparison",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to="teams.connection",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["connection", "day"], name="runs_reserv_connect_b2ef93_idx"),
                    models.Index(condition=Q(("settled_at", None)), fields=["connection"], name="reservation_open"),
                ],
            },
        ),
        migrations.RunPython(book_this_month, migrations.RunPython.noop),
    ]
