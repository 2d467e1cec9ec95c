"""What people add to comparisons for each other: decisions and discussion."""

from django.urls import path

from . import decision_views, discussion_views

app_name = "sharing"
urlpatterns = [
    path("decisions/", decision_views.decisions, name="decisions"),
    path("comparisons/<str:public_id>/decide/", decision_views.decide, name="decide"),
    path("comparisons/<str:public_id>/discussion/", discussion_views.discussion, name="discussion"),
]
