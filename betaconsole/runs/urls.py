"""Comparing: compose, run, watch, look back."""

from django.urls import path

from . import views

app_name = "runs"
urlpatterns = [
    path("", views.compose, name="compose"),
    path("comparisons/", views.run, name="run"),
    path("examples/<slug:slug>/run/", views.try_example, name="try_example"),
    path("comparisons/<str:public_id>/", views.comparison, name="comparison"),
    path("comparisons/<str:public_id>/live/", views.live, name="live"),
    path("comparisons/<str:public_id>/lanes/", views.lanes, name="lanes"),
    path("comparisons/<str:public_id>/cancel/", views.cancel, name="cancel"),
    path("comparisons/<str:public_id>/without/", views.without, name="without"),
    path("comparisons/<str:public_id>/again/", views.again, name="again"),
    path("comparisons/<str:public_id>/edit/", views.edit, name="edit"),
    path("exchanges/<str:public_id>/", views.exchange, name="exchange"),
    path("exchanges/<str:public_id>/request/", views.raw_request, name="raw_request"),
    path("exchanges/<str:public_id>/response/", views.raw_response, name="raw_response"),
    path("exchanges/<str:public_id>/code/", views.code, name="code"),
    path("history/", views.history, name="history"),
]
