"""The form of a connection: where to, with which key, at what cost, and for whom."""

from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from betaconsole.claude.client import Secret
from betaconsole.claude.headers import DEFAULT_VERSION, HeaderError, check_version
from betaconsole.teams.keys import keep_key, same_key
from betaconsole.teams.models import Connection, Role, Team, User
from betaconsole.teams.origins import is_allowed_origin, origin_of

LONGEST_KEY = 400
SHORTEST_KEY = 12
MOST_IN_FLIGHT = 512
MOST_DOLLARS = 1_000_000
SENDING_ROLES = [(Role.MEMBER, "Members, admins and owners"), (Role.ADMIN, "Admins and owners"), (Role.OWNER, "Owners")]
UNPASTED = "The key was not kept: paste it again."


class ConnectionForm(forms.ModelForm):
    """A new connection with a pasted key, or one that is there. What a kind does not have is no field of its form.

    The key is write-only: the field never renders what was typed into it, not even after a mistake.
    """

    key = forms.CharField(
        label="API key",
        max_length=LONGEST_KEY,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "class": "mono"}),
        help_text="Sealed as soon as it arrives, and never shown again.",
    )

    class Meta:
        model = Connection
        fields = [
            "name",
            "base_url",
            "anthropic_version",
            "max_in_flight",
            "daily_budget_usd",
            "monthly_budget_usd",
            "lowest_role",
            "people",
        ]
        labels = {
            "name": "Name",
            "base_url": "Where requests go",
            "anthropic_version": "anthropic-version of new drafts",
            "max_in_flight": "Requests at the same time",
            "daily_budget_usd": "Dollars a day",
            "monthly_budget_usd": "Dollars a month",
            "lowest_role": "Who may send on it",
            "people": "And these people",
        }
        help_texts = {
            "max_in_flight": "What is above waits for its turn.",
            "daily_budget_usd": "Empty: no budget. Days are those of UTC.",
            "monthly_budget_usd": "Empty: no budget.",
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Pasted key"}),
            "anthropic_version": forms.TextInput(attrs={"class": "mono", "autocomplete": "off"}),
            "people": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.team = team
        self.is_new = self.instance.pk is None
        if self.is_new:
            self.fields["key"].widget.attrs["autofocus"] = True
        self._choose_address()
        self._choose_key()
        self._choose_limits()
        self._choose_people()
        for name in ("name", "anthropic_version", "max_in_flight", "lowest_role"):
            if name in self.fields:
                self.fields[name].required = not self.is_new  # a new one has the model's defaults

    def _choose_address(self) -> None:
        urls = list(settings.ALLOWED_BASE_URLS)
        if not self.is_new and self.instance.base_url not in urls:
            urls.append(self.instance.base_url)
        self.fields["base_url"] = forms.ChoiceField(
            label="Where requests go", choices=[(url, url.removeprefix("https://")) for url in urls], initial=urls[0]
        )
        if not self._has_own_key:
            del self.fields["base_url"]

    def _choose_key(self) -> None:
        field = self.fields["key"]
        if not self._has_own_key:
            del self.fields["key"]
        elif self.instance.sealed_key:
            field.required = False
            field.label = "Replace the key"
            field.help_text = f"Empty: the key that ends in …{self.instance.key_last4} stays. A new one is sealed as soon as it arrives."
        elif not self.is_new:
            field.required = False

    def _choose_limits(self) -> None:
        self.fields["max_in_flight"] = forms.IntegerField(
            label=self.fields["max_in_flight"].label,
            help_text=self.fields["max_in_flight"].help_text,
            min_value=1,
            max_value=MOST_IN_FLIGHT,
            initial=64,
        )
        for name in ("daily_budget_usd", "monthly_budget_usd"):
            if self.instance.is_simulator:
                del self.fields[name]  # what it answers costs nothing
                continue
            self.fields[name] = forms.DecimalField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                required=False,
                min_value=0,
                max_value=MOST_DOLLARS,
                decimal_places=2,
            )

    def _choose_people(self) -> None:
        if self.instance.is_simulator:
            del self.fields["lowest_role"], self.fields["people"]
            return
        self.fields["lowest_role"] = forms.ChoiceField(
            label=self.fields["lowest_role"].label, choices=SENDING_ROLES, initial=Role.MEMBER
        )
        members = User.objects.filter(memberships__team=self.team, memberships__role__in=[Role.MEMBER, Role.ADMIN])
        self.fields["people"] = forms.ModelMultipleChoiceField(
            members.order_by("name", "email"),
            label=self.fields["people"].label,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text="Beside the roles above.",
        )

    @property
    def _has_own_key(self) -> bool:
        return self.is_new or self.instance.kind == Connection.Kind.KEY

    @property
    def has_people(self) -> bool:
        """Whether there is anybody to name."""
        return "people" in self.fields and bool(self["people"].subwidgets)

    @property
    def changes(self) -> str:
        """What was changed, for the audit log: the new values, and of a key only that it is another one."""
        return ", ".join(f"{name.replace('_', ' ')} to {self._said(name)}" for name in self.changed_data)

    @property
    def changes_budget(self) -> bool:
        return any("budget" in name for name in self.changed_data)

    def _said(self, name: str) -> str:
        value = self.cleaned_data[name]
        if name == "key":
            return "another one"
        return (" and ".join(map(str, value)) if name == "people" else str(value or "")) or "none"

    @sensitive_variables("key")
    def clean_key(self) -> str:
        key = "".join(self.cleaned_data["key"].split())
        if not key and not self.fields["key"].required:
            return ""
        try:
            Secret(key).as_header_value()
        except HeaderError as error:
            raise forms.ValidationError(str(error)) from error
        if len(key) < SHORTEST_KEY:
            raise forms.ValidationError("That is too short for an API key.")
        return key

    def clean_name(self) -> str:
        return self.cleaned_data["name"].strip() or "Pasted key"

    def clean_anthropic_version(self) -> str:
        version = self.cleaned_data["anthropic_version"]
        try:
            return check_version(version) if version else DEFAULT_VERSION
        except HeaderError as error:
            raise forms.ValidationError(str(error)) from error

    @sensitive_variables("values", "key")
    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        url, key = values.get("base_url"), values.get("key")
        if url and not is_allowed_origin(origin_of(url)):
            self.add_error("base_url", "The operator does not allow this address (any more): choose another one.")
        if url and not self.is_new and self.initial.get("base_url") != url and not key and not self.errors:
            message = f"The key is bound to {self.initial['base_url']}: paste one for the new address."
            self.add_error("key", message)
        if self.errors and key:
            self.add_error("key", UNPASTED)
        return values

    @transaction.atomic
    @sensitive_variables("key")
    def keep(self, author: User) -> Connection:
        """Store what was filled in, and seal the key. The team's connection that has the key already is renamed only."""
        key = self.cleaned_data.get("key", "")
        if self.is_new:
            return self._keep_new(key, author)
        changed = [name for name in self.changed_data if name not in ("key", "people")]
        self.instance.save(update_fields=changed)
        if "people" in self.cleaned_data:
            self.instance.people.set(self.cleaned_data["people"])
        if key:
            self.instance.put_key(key)
        return self.instance

    @sensitive_variables("key")
    def _keep_new(self, key: str, author: User) -> Connection:
        own = ("name", "base_url", "key", "people")
        columns = {
            name: value for name, value in self.cleaned_data.items() if name not in own and value not in (None, "")
        }
        name, base_url = self.cleaned_data["name"], self.cleaned_data["base_url"]
        was_here = same_key(key, team=self.team, base_url=base_url) is not None
        made = keep_key(key, team=self.team, author=author, name=name, base_url=base_url, settings=columns)
        if not was_here:
            made.people.add(*self.cleaned_data["people"])
        return made
