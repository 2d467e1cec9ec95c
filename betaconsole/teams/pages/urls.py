"""What every team has, of one person or of many: tokens and the audit log."""

from django.urls import path

from . import audit, tokens

app_name = "team"
urlpatterns = [
    path("audit/", audit.audit, name="audit"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.new_token, name="new_token"),
    path("tokens/<str:public_id>/revoke/", tokens.revoke_token, name="revoke_token"),
]
