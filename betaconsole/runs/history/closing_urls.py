"""Deleting a team: team mode only."""

from django.urls import path

from . import closing_views

app_name = "closing"
urlpatterns = [
    path("delete/", closing_views.delete_team, name="delete_team"),
    path("bring-back/", closing_views.bring_team_back, name="bring_team_back"),
]
