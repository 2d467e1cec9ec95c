import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import betaconsole.storage.fields
import betaconsole.storage.public_id

LOCAL_OWNER = "owner@localhost"

# The log is written once: the database itself refuses to change or take away what is in it.
WRITE_ONCE = {
    "sqlite": [
        """CREATE TRIGGER audit_unchanged BEFORE UPDATE ON teams_auditentry
           BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_kept BEFORE DELETE ON teams_auditentry
           BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ],
    "postgresql": [
        """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
        """CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON teams_auditentry
           FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    ],
}


def write_once(apps, schema_editor):
    for statement in WRITE_ONCE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def name_rows(apps, schema_editor):
    """Ids for memberships and tokens that are there already; the owner of solo mode is marked as such."""
    for kind in ("Membership", "ApiToken"):
        for row in apps.get_model("teams", kind).objects.filter(public_id=None):
            row.public_id = betaconsole.storage.public_id.new_public_id()
            row.save(update_fields=["public_id"])
    apps.get_model("teams", "User").objects.filter(email=LOCAL_OWNER).update(is_local=True)


def public_id(**options):
    return models.CharField(default=betaconsole.storage.public_id.new_public_id, max_length=24, unique=True, **options)


class Migration(migrations.Migration):
    dependencies = [("teams", "0002_connection_budgets_and_people")]

    operations = [
        migrations.AddField("user", "is_local", models.BooleanField(default=False)),
        migrations.AddField("membership", "joined_at", models.DateTimeField(default=django.utils.timezone.now)),
        migrations.AddField("membership", "public_id", models.CharField(max_length=24, null=True)),
        migrations.AddField("apitoken", "public_id", models.CharField(max_length=24, null=True)),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.CharField(max_length=255)),
                ("action", models.CharField(max_length=40)),
                ("about", models.CharField(blank=True, max_length=300)),
                ("detail", betaconsole.storage.fields.JsonTextField(default=dict)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="teams.team",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["team", "-id"], name="teams_audit_team_id_bd369f_idx")]},
        ),
        migrations.CreateModel(
            name="OneTimeLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("first_owner", "First Owner"),
                            ("invitation", "Invitation"),
                            ("password", "Password"),
                        ],
                        max_length=12,
                    ),
                ),
                ("public_id", public_id()),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[("viewer", "Viewer"), ("member", "Member"), ("admin", "Admin"), ("owner", "Owner")],
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "team",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="teams.team",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "used_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["team", "kind", "-created_at"], name="teams_oneti_team_id_32be7f_idx")]
            },
        ),
        migrations.RunPython(write_once, migrations.RunPython.noop),
        migrations.RunPython(name_rows, migrations.RunPython.noop),
    ]
