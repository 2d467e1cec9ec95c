"""What allauth asks us about accounts: who may sign up, what is said, and what goes into the audit log."""

import base64
import logging
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest

from betaconsole.teams import sealing
from betaconsole.teams.audit import record_person
from betaconsole.teams.models import OneTimeLink, User

from .entering import INVITATION, open_link

logger = logging.getLogger(__name__)

# What allauth notices about an account, by the mail it would send; nothing is mailed, it is written down.
NOTICED = {
    "account/email/password_changed": "password changed",
    "account/email/password_set": "password changed",
    "mfa/email/totp_activated": "second factor added",
    "mfa/email/totp_deactivated": "second factor removed",
    "mfa/email/recovery_codes_generated": "recovery codes made",
    "mfa/email/webauthn_added": "passkey added",
    "mfa/email/webauthn_removed": "passkey removed",
    "socialaccount/email/account_connected": "sign-in service connected",
    "socialaccount/email/account_disconnected": "sign-in service disconnected",
}
# What is said on the next page, by allauth's own template of it; it keeps quiet about the rest.
SAID = {
    "account/messages/password_changed.txt": "The password is changed. Other sessions were ended.",
    "account/messages/password_set.txt": "The password is set.",
    "mfa/messages/totp_activated.txt": "From now on a code is asked for at sign-in.",
    "mfa/messages/totp_deactivated.txt": "No code is asked for at sign-in any more.",
    "mfa/messages/recovery_codes_generated.txt": "There are new recovery codes. Older ones, if there were any, work no more.",
    "mfa/messages/webauthn_added.txt": "The passkey is added.",
    "mfa/messages/webauthn_removed.txt": "The passkey is removed.",
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made through links only (`entering`), so there is no open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        # Django reads an address without its blanks and sends it with them: //%20 and //%09 are hosts to a browser.
        if url and (not url.isprintable() or url.strip().replace("\\", "/").startswith("//")):
            return False
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # an address that cannot even be taken apart, such as //／
            return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(request.META["REMOTE_ADDR"])  # web.proxies has seen to it

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        record_person(request, user, "person signed in")

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record_person(request, request.user, "person signed out")
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = str(credentials.get("email", "")).lower()
        person = User.objects.filter(email=email).first()
        record_person(request, person, "sign-in failed", who=email)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        if template_prefix in NOTICED:
            record_person(self.request, user, NOTICED[template_prefix])

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        text = message or SAID.get(message_template or "")
        if text:
            messages.add_message(request, level, text, extra_tags=extra_tags)


class SignInService(DefaultSocialAccountAdapter):
    """People of an OpenID Connect provider: those with an account come in, others by an invitation only."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        invitation = open_link(OneTimeLink.Kind.INVITATION, request.session.get(INVITATION, ""))
        email = getattr(sociallogin.user, "email", "")
        is_meant = bool(invitation and email and invitation.is_for(email))
        return is_meant and not User.objects.filter(email=email).exists()

    def get_requests_session(self) -> Any:
        """What the provider is asked with: the operator's settings decide, no variable, .netrc or redirect does."""
        session = super().get_requests_session()
        session.trust_env = False
        session.max_redirects = 0
        session.verify = settings.CA_BUNDLE or True
        if settings.OUTBOUND_PROXY:
            session.proxies = {"http": settings.OUTBOUND_PROXY, "https": settings.OUTBOUND_PROXY}
        return session

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.email = str(data.get("email") or "").lower()
        user.name = str(data.get("name") or "")[:120]
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        user = super().save_user(request, sociallogin, form)
        record_person(request, user, "person joined", about="through the sign-in service")
        return user


class SecondFactors(DefaultMFAAdapter):
    """Codes and passkeys are for the console's public name."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": settings.PUBLIC_HOST, "name": "betaconsole"}

    def encrypt(self, text: str) -> str:
        return sealing.seal_factor(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; one that fits no code where the master key is not here: a wrong code is answered then, and the log
        and `manage.py doctor` say why. Secrets from before they were sealed are read as they are."""
        if not sealing.is_sealed(encrypted_text):
            return encrypted_text
        try:
            return sealing.unseal_factor(encrypted_text)
        except sealing.Unreadable as problem:
            logger.error("a second factor cannot be checked: %s", problem)
            return base64.b32encode(secrets.token_bytes(20)).decode()
