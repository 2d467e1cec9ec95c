"""What changed between columns of a comparison, part by part."""

from django.urls import path

from . import timing_views, views

app_name = "compare"
urlpatterns = [
    path("comparisons/<str:public_id>/tabs/", views.tabs, name="tabs"),
    path("comparisons/<str:public_id>/timing/", timing_views.timing, name="timing"),
]
