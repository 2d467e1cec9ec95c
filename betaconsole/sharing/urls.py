"""What people add to comparisons for each other: decisions and discussion."""

from django.urls import path

from . import decision_views, discussion_views, mention_views, public_views

app_name = "sharing"
urlpatterns = [
    path("public-links/", public_views.public_links, name="public_links"),
    path("decisions/", decision_views.decisions, name="decisions"),
    path("comparisons/<str:public_id>/decide/", decision_views.decide, name="decide"),
    path("comparisons/<str:public_id>/discussion/", discussion_views.discussion, name="discussion"),
    path("comparisons/<str:public_id>/comments/", discussion_views.comments, name="comments"),
    path("comparisons/<str:public_id>/say/", discussion_views.say, name="say"),
    path("comments/<str:public_id>/edit/", discussion_views.edit_comment, name="edit_comment"),
    path("comments/<str:public_id>/delete/", discussion_views.delete_comment, name="delete_comment"),
    path("comments/<str:public_id>/restore/", discussion_views.restore_comment, name="restore_comment"),
    path("mentions/", mention_views.mentions, name="mentions"),
    path("mentions/read/", mention_views.read_mentions, name="read_mentions"),
    # for people outside the team
    path("comparisons/<str:public_id>/share/", public_views.share, name="share"),
    path("shares/<str:public_id>/revoke/", public_views.revoke_share, name="revoke_share"),
    path("shared/<str:secret>/", public_views.shared, name="shared"),
]
