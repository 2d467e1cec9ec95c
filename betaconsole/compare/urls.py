"""What changed between columns of a comparison, part by part."""

from django.urls import path

from . import evidence_views, timing_views, views

app_name = "compare"
urlpatterns = [
    path("comparisons/<str:public_id>/tabs/", views.tabs, name="tabs"),
    path("comparisons/<str:public_id>/verdict/", evidence_views.verdict, name="verdict"),
    path("comparisons/<str:public_id>/figures/", evidence_views.figures, name="figures"),
    path("comparisons/<str:public_id>/said/", evidence_views.said, name="said"),
    path("comparisons/<str:public_id>/timing/", timing_views.timing, name="timing"),
]
