"""Forms of a team's settings."""

from typing import Any

from django import forms
from django.conf import settings

from betaconsole.claude.client import Secret
from betaconsole.claude.headers import HeaderError

LONGEST_KEY = 400


class KeyForm(forms.Form):
    """A key to paste. It is write-only: the field never renders what was typed into it, not even after a mistake."""

    key = forms.CharField(
        label="API key",
        max_length=LONGEST_KEY,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "off", "autofocus": True, "class": "mono"}
        ),
        help_text="Sealed as soon as it arrives, and never shown again.",
    )
    name = forms.CharField(
        label="Name",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Pasted key"}),
    )
    base_url = forms.ChoiceField(label="Where requests go")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        urls = settings.ALLOWED_BASE_URLS
        self.fields["base_url"] = forms.ChoiceField(
            label="Where requests go", choices=[(url, url.removeprefix("https://")) for url in urls], initial=urls[0]
        )

    def clean_key(self) -> str:
        key = "".join(self.cleaned_data["key"].split())
        try:
            Secret(key).as_header_value()
        except HeaderError as error:
            raise forms.ValidationError(str(error)) from error
        if len(key) < 12:
            raise forms.ValidationError("That is too short for an API key.")
        return key

    def clean_name(self) -> str:
        return self.cleaned_data["name"].strip() or "Pasted key"
