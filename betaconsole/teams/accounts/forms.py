"""Forms of people coming in."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from betaconsole.teams.models import OneTimeLink, User

LONGEST_PASSWORD = 200


class PasswordForm(forms.Form):
    """A new password, typed twice. `person` is who it is for, where known: it must not resemble them."""

    password1 = forms.CharField(
        label="Password",
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
    )
    password2 = forms.CharField(
        label="Password again",
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.person = person

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", "That is another password than the one above.")
        elif first:
            try:
                validate_password(first, self._whose(cleaned))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned

    def _whose(self, cleaned: dict[str, Any]) -> User | None:
        return self.person


class AccountForm(PasswordForm):
    """A new person: e-mail, name, password."""

    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    name = forms.CharField(
        label="Name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="What the others in the team read beside what you do.",
    )
    field_order = ["email", "name", "password1", "password2"]

    def __init__(self, *args: Any, link: OneTimeLink | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.link = link

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if self.link is not None and not self.link.is_for(email):
            raise forms.ValidationError("This invitation is for another e-mail address.")
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("There is an account with this e-mail already: sign in with it instead.")
        return email

    def _whose(self, cleaned: dict[str, Any]) -> User | None:
        return User(email=cleaned.get("email", ""), name=cleaned.get("name", ""))


class EmailForm(forms.Form):
    """Another address for somebody who has an account."""

    email = forms.EmailField(
        label="New e-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.person = person

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if email == self.person.email:
            raise forms.ValidationError("That is your e-mail already.")
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("There is an account with this e-mail already.")
        return email


class ProfileForm(forms.Form):
    """What one may change about oneself."""

    name = forms.CharField(label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
