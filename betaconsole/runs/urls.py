"""Comparing: compose, run, watch, look back."""

from django.urls import path

from . import views

app_name = "runs"
urlpatterns = [
    path("", views.compose, name="compose"),
    path("history/", views.history, name="history"),
]
