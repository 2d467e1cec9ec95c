"""What changed between columns of a comparison, part by part."""

from django.urls import path

from . import blind_views, check_views, diff_views, evidence_views, replay_views, timing_views

app_name = "compare"
urlpatterns = [
    path("comparisons/<str:public_id>/verdict/", evidence_views.verdict, name="verdict"),
    path("comparisons/<str:public_id>/figures/", evidence_views.figures, name="figures"),
    path("comparisons/<str:public_id>/said/", evidence_views.said, name="said"),
    path("comparisons/<str:public_id>/checks/", check_views.checks, name="checks"),
    path("comparisons/<str:public_id>/checks/add/", check_views.add_check, name="add_check"),
    path("comparisons/<str:public_id>/checks/remove/", check_views.remove_check, name="remove_check"),
    path("comparisons/<str:public_id>/record/", evidence_views.record, name="record"),
    path("comparisons/<str:public_id>/blind/", blind_views.blind, name="blind"),
    path("comparisons/<str:public_id>/blind/vote/", blind_views.vote, name="vote"),
    path("comparisons/<str:public_id>/blind/undo/", blind_views.undo, name="undo_vote"),
    path("comparisons/<str:public_id>/timing/", timing_views.timing, name="timing"),
    path("exchanges/<str:public_id>/replay/", replay_views.replay, name="replay"),
    # what differs between two columns
    path("comparisons/<str:public_id>/words/", diff_views.words, name="words"),
    path("comparisons/<str:public_id>/blocks/", diff_views.blocks, name="blocks"),
    path("comparisons/<str:public_id>/requests/", diff_views.requests, name="requests"),
    path("comparisons/<str:public_id>/headers/", diff_views.headers, name="headers"),
    path("comparisons/<str:public_id>/gist/", diff_views.gist, name="gist"),
    path("diff/", diff_views.diff, name="diff"),
]
