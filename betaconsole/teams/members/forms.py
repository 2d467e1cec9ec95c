"""Forms of a team's people."""

from typing import Any

from django import forms

from betaconsole.teams.models import Membership, Role

from .members import roles_to_give

# What a role may do, said where one is chosen.
MEANINGS = {
    Role.VIEWER: "Viewer: reads everything of the team",
    Role.MEMBER: "Member: also runs, saves and discusses",
    Role.ADMIN: "Admin: also manages people, connections and budgets",
    Role.OWNER: "Owner: everything",
}


class RoleForm(forms.Form):
    """A role that this member may give."""

    role = forms.ChoiceField(label="Role")

    def __init__(self, *args: Any, actor: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        choices = [(role.value, MEANINGS[role]) for role in roles_to_give(actor)]
        self.fields["role"] = forms.ChoiceField(label="Role", choices=choices, initial=Role.MEMBER)


class InvitationForm(RoleForm):
    note = forms.CharField(
        label="For whom",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="An e-mail address binds the invitation to it; anything else is only to recognise it in the list.",
    )
    field_order = ["note", "role"]


class TeamForm(forms.Form):
    name = forms.CharField(
        label="Name of the team", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
