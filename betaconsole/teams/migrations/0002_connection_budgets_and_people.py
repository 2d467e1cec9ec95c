from django.conf import settings
from django.db import migrations, models


def leave_one_automatic(apps, schema_editor):
    """Two processes that set up a team at once may have made two. The later ones stay for what was sent on them, archived."""
    Connection = apps.get_model("teams", "Connection")
    seen = set()
    for connection in Connection.objects.exclude(kind="key").order_by("pk"):
        automatic = (connection.team_id, connection.kind)
        if automatic in seen:
            connection.kind = "key"
            connection.archived_at = connection.archived_at or connection.created_at
            connection.save(update_fields=["kind", "archived_at"])
        seen.add(automatic)


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="daily_budget_usd",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="monthly_budget_usd",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="lowest_role",
            field=models.CharField(
                choices=[("viewer", "Viewer"), ("member", "Member"), ("admin", "Admin"), ("owner", "Owner")],
                default="member",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="people",
            field=models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(leave_one_automatic, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "key"), _negated=True),
                fields=("team", "kind"),
                name="one_automatic_connection_per_kind",
            ),
        ),
    ]
