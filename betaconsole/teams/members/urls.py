"""A team's people: team mode only."""

from django.urls import path

from . import views

app_name = "people"
urlpatterns = [
    path("", views.members, name="members"),
    path("leave/", views.leave, name="leave"),
    path("switch/", views.switch, name="switch"),
    path("new/", views.new_team, name="new_team"),
    path("rename/", views.rename, name="rename"),
    path("invitations/", views.invite, name="invite"),
    path("invitations/<str:public_id>/revoke/", views.revoke, name="revoke"),
    path("members/<str:public_id>/role/", views.change_role, name="change_role"),
    path("members/<str:public_id>/remove/", views.remove, name="remove"),
    path("members/<str:public_id>/new-password/", views.new_password, name="new_password"),
]
