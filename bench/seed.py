"""`python -m bench.seed PORT`: in the database of the environment, a connection to the far end; prints an API token."""

import os
import sys


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "betaconsole.settings"
    import django

    django.setup()
    from betaconsole.teams.models import ApiToken, Connection
    from betaconsole.teams.solo import set_up_solo

    owner = set_up_solo()
    made = Connection.objects.create(
        team=owner.team,
        author=owner.user,
        name="Far end",
        kind=Connection.Kind.KEY,
        base_url=f"http://127.0.0.1:{sys.argv[1]}",
        max_in_flight=1000,
    )
    made.put_key("sk-ant-bench-0123456789abcdef")
    print(ApiToken.issue(user=owner.user, team=owner.team, name="bench")[1])


if __name__ == "__main__":
    main()
