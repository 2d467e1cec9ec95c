"""Accounts. allauth's views are mounted one by one, each with a rule: what is not here cannot be reached."""

import logging
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as service
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import include, path

from betaconsole.teams.access import View, public, signed_in

from . import sessions, views

logger = logging.getLogger(__name__)


def _of_allauth(view: View) -> View:
    """A refused form is answered 422, as everywhere in the console."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method == "POST" and isinstance(response, TemplateResponse) and response.status_code == 200:
            response.status_code = 422
        return response

    return answered


def _of_the_service(view: View) -> View:
    """A provider that gives no answer, or one without its addresses, is said to have let nobody in."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except (OSError, KeyError) as error:  # whatever goes wrong with a request is an OSError
            logger.warning("the sign-in service gave no answer that can be used: %s", type(error).__name__)
            return render(request, "socialaccount/authentication_error.html", status=HTTPStatus.BAD_GATEWAY)

    return answered


def _passkeys(view: View) -> View:
    """There are passkeys only where browsers make them: see settings.PASSKEYS."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.PASSKEYS:
            raise Http404
        return view(request, *args, **kwargs)

    return _of_allauth(asked)


entering = [
    path("", views.account, name="account"),
    path("email/", views.change_email, name="change_email"),
    path("first/<str:secret>/", views.first, name="first"),
    path("invited/<str:secret>/", views.invited, name="invited"),
    path("new-password/<str:secret>/", views.new_password, name="new_password"),
]

urlpatterns = [
    path("", include((entering, "entering"))),
    path("login/", public(_of_allauth(account.login)), name="account_login"),
    path("logout/", public(_of_allauth(account.logout)), name="account_logout"),
    path("inactive/", public(_of_allauth(account.account_inactive)), name="account_inactive"),
    path("code/", public(_of_allauth(mfa.authenticate)), name="mfa_authenticate"),
    path("passkey/", public(_passkeys(passkeys.login_webauthn)), name="mfa_login_webauthn"),
    path("service/<str:provider_id>/", public(_of_the_service(_of_allauth(oidc.login))), name="openid_connect_login"),
    path(
        "service/<str:provider_id>/back/",
        public(_of_the_service(_of_allauth(oidc.callback))),
        name="openid_connect_callback",
    ),
    path("service-cancelled/", public(_of_allauth(service.login_cancelled)), name="socialaccount_login_cancelled"),
    path("again/", signed_in(_of_allauth(account.reauthenticate)), name="account_reauthenticate"),
    path("again/code/", signed_in(_of_allauth(mfa.reauthenticate)), name="mfa_reauthenticate"),
    path("again/passkey/", signed_in(_passkeys(passkeys.reauthenticate_webauthn)), name="mfa_reauthenticate_webauthn"),
    path("password/", signed_in(_of_allauth(account.password_change)), name="account_change_password"),
    path("password/set/", signed_in(_of_allauth(account.password_set)), name="account_set_password"),
    path("sessions/", sessions.sessions, name="usersessions_list"),
    path("second-factor/", signed_in(_of_allauth(mfa.index)), name="mfa_index"),
    path("second-factor/codes/add/", signed_in(_of_allauth(totp.activate_totp)), name="mfa_activate_totp"),
    path("second-factor/codes/remove/", signed_in(_of_allauth(totp.deactivate_totp)), name="mfa_deactivate_totp"),
    path("second-factor/recovery/", signed_in(_of_allauth(codes.view_recovery_codes)), name="mfa_view_recovery_codes"),
    path(
        "second-factor/recovery/new/",
        signed_in(_of_allauth(codes.generate_recovery_codes)),
        name="mfa_generate_recovery_codes",
    ),
    path("second-factor/passkeys/", signed_in(_passkeys(passkeys.list_webauthn)), name="mfa_list_webauthn"),
    path("second-factor/passkeys/add/", signed_in(_passkeys(passkeys.add_webauthn)), name="mfa_add_webauthn"),
    path(
        "second-factor/passkeys/<int:pk>/remove/",
        signed_in(_passkeys(passkeys.remove_webauthn)),
        name="mfa_remove_webauthn",
    ),
    path(
        "second-factor/passkeys/<int:pk>/edit/", signed_in(_passkeys(passkeys.edit_webauthn)), name="mfa_edit_webauthn"
    ),
]
