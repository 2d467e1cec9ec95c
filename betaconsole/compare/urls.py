"""What changed between columns of a comparison, part by part."""

from django.urls import path

from . import views

app_name = "compare"
urlpatterns = [
    path("comparisons/<str:public_id>/tabs/", views.tabs, name="tabs"),
]
