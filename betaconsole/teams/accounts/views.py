"""Pages of people coming in by a link, and of one's own account."""

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from betaconsole.teams.access import TeamRequest, public, signed_in
from betaconsole.teams.models import Membership, OneTimeLink, Team, User

from . import changing, entering
from .asking import switch
from .forms import AccountForm, EmailForm, PasswordForm, ProfileForm

Kind = OneTimeLink.Kind


@public
@require_http_methods(["GET", "HEAD", "POST"])
def first(request: HttpRequest, secret: str) -> HttpResponse:
    """Become the console's first owner: the link is printed in the terminal it runs in."""
    link = entering.open_link(Kind.FIRST_OWNER, secret)
    if link is None or not entering.needs_first_owner():
        return _gone(request)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = entering.become_owner(request, link, **_account(form))
        except entering.Spent:
            return _gone(request)
        return _sign_in(request, user, "/")
    return render(request, "account/first.html", {"form": form}, status=422 if form.errors else 200)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, secret: str) -> HttpResponse:
    """Join the team of an invitation: with the account one is signed in with, or with a new one."""
    link = entering.open_link(Kind.INVITATION, secret)
    if link is None:
        return _gone(request)
    try:
        if isinstance(request.user, User):
            return _join(request, link, request.user)
        return _join_anew(request, link, secret)
    except entering.Spent:
        return _gone(request)
    except entering.Another:
        return render(request, "account/invited.html", {"link": link, "is_anothers": True}, status=403)


def _join(request: HttpRequest, link: OneTimeLink, user: User) -> HttpResponse:
    if request.method == "POST":
        switch(request, entering.accept(request, link, user))
        messages.success(request, f"Welcome to {link.team}.")
        return redirect("/")
    standing = Membership.objects.filter(user=user, team=link.team).first()
    return render(request, "account/invited.html", {"link": link, "standing": standing})


def _join_anew(request: HttpRequest, link: OneTimeLink, secret: str) -> HttpResponse:
    if settings.OIDC_NAME:
        request.session[entering.INVITATION] = secret  # for whoever comes back from the sign-in service
    form = AccountForm(request.POST or None, link=link)
    if request.method == "POST" and form.is_valid():
        user = entering.make_account(request, link, **_account(form))
        return _sign_in(request, user, "/")
    return render(request, "account/invited.html", {"link": link, "form": form}, status=422 if form.errors else 200)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest, secret: str) -> HttpResponse:
    """Choose a new password by a link that an admin handed over."""
    link = entering.open_link(Kind.PASSWORD, secret)
    if link is None or link.person is None:
        return _gone(request)
    form = PasswordForm(request.POST or None, person=link.person)
    if request.method == "POST" and form.is_valid():
        try:
            entering.renew_password(request, link, form.cleaned_data["password1"])
        except entering.Spent:
            return _gone(request)
        messages.success(request, "The password is changed. Sign in with it.")
        return redirect("account_login")
    context = {"form": form, "person": link.person}
    return render(request, "account/new_password.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: TeamRequest) -> HttpResponse:
    """One's own account: the name, and the way to password, second factor and sessions."""
    form = ProfileForm(request.POST or None, initial={"name": request.user.name}, label_suffix="")
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=request.user.pk).update(name=form.cleaned_data["name"])
        messages.success(request, "The name is changed.")
        return redirect("entering:account")
    context = {"form": form, "closed": Team.objects.closed_by(request.user)}
    return render(request, "account/account.html", context, status=422 if form.errors else 200)


@signed_in
@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "HEAD", "POST"])
def change_email(request: TeamRequest) -> HttpResponse:
    """Another e-mail to sign in with: asks for the password (or another proof) first, as nothing is mailed."""
    form = EmailForm(request.POST or None, person=request.user)
    if settings.OIDC_NAME and request.method == "POST":
        raise PermissionDenied  # whoever has an address at the service comes in by it: see the page
    if request.method == "POST" and form.is_valid():
        changing.change_email(request.user, form.cleaned_data["email"], request=request)
        messages.success(request, f"From now on you sign in as {request.user.email}.")
        return redirect("entering:account")
    return render(request, "account/email.html", {"form": form}, status=422 if form.errors else 200)


def _account(form: AccountForm) -> dict[str, str]:
    said = form.cleaned_data
    return {"email": said["email"], "name": said["name"], "password": said["password1"]}


def _sign_in(request: HttpRequest, user: User, to: str) -> HttpResponse:
    """As if the password had been typed once more on the sign-in page."""
    login = Login(user=user, redirect_url=to, email_verification="none")
    return perform_password_login(request, {"email": user.email}, login)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "account/link_gone.html", {"login": reverse("account_login")}, status=410)
