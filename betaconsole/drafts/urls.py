"""The composer: a draft, its prompt, its matrix."""

from django.urls import path

from . import body_views, matrix_views, views

app_name = "drafts"
urlpatterns = [
    path("", views.new, name="new"),
    path("<slug:draft_id>/", views.show, name="show"),
    path("<slug:draft_id>/undo/", views.undo, name="undo"),
    path("<slug:draft_id>/title/", views.set_title, name="set_title"),
    path("<slug:draft_id>/repeats/", views.set_repeats, name="set_repeats"),
    path("<slug:draft_id>/version/", views.set_version, name="set_version"),
    path("<slug:draft_id>/connection/", views.set_connection, name="set_connection"),
    path("<slug:draft_id>/paste/", views.paste, name="paste"),
    path("<slug:draft_id>/save/", views.save, name="save"),
    # the prompt
    path("<slug:draft_id>/view/", body_views.switch_view, name="switch_view"),
    path("<slug:draft_id>/body/", body_views.set_body, name="set_body"),
    path("<slug:draft_id>/text/", body_views.set_text, name="set_text"),
    path("<slug:draft_id>/role/", body_views.set_role, name="set_role"),
    path("<slug:draft_id>/messages/add/", body_views.add_message, name="add_message"),
    path("<slug:draft_id>/messages/remove/", body_views.remove_message, name="remove_message"),
    path("<slug:draft_id>/parameter/", body_views.set_parameter, name="set_parameter"),
    path("<slug:draft_id>/betas/move/", body_views.move_betas, name="move_betas"),
    # the matrix
    path("<slug:draft_id>/tick/", matrix_views.tick, name="tick"),
    path("<slug:draft_id>/search/", matrix_views.search, name="search"),
    path("<slug:draft_id>/rows/add/", matrix_views.add_row, name="add_row"),
    path("<slug:draft_id>/rows/remove/", matrix_views.remove_row, name="remove_row"),
    path("<slug:draft_id>/columns/add/", matrix_views.add_column, name="add_column"),
    path("<slug:draft_id>/columns/close/", matrix_views.close_column, name="close_column"),
    path("<slug:draft_id>/columns/<slug:key>/", matrix_views.column, name="column"),
    path("<slug:draft_id>/columns/<slug:key>/duplicate/", matrix_views.duplicate_column, name="duplicate_column"),
    path("<slug:draft_id>/columns/<slug:key>/remove/", matrix_views.remove_column, name="remove_column"),
    path("<slug:draft_id>/columns/<slug:key>/move/", matrix_views.move_column, name="move_column"),
    path("<slug:draft_id>/columns/<slug:key>/set/", matrix_views.set_column, name="set_column"),
    path("<slug:draft_id>/columns/<slug:key>/changes/", matrix_views.set_changes, name="set_changes"),
    path("<slug:draft_id>/columns/<slug:key>/example/", matrix_views.example, name="example"),
    path("<slug:draft_id>/columns/<slug:key>/example/edit/", matrix_views.adopt_example, name="adopt_example"),
    path("<slug:draft_id>/columns/<slug:key>/body/", matrix_views.own_body, name="own_body"),
    path("<slug:draft_id>/columns/<slug:key>/combination/", matrix_views.apply_combination, name="apply_combination"),
    path(
        "<slug:draft_id>/columns/<slug:key>/combination/save/", matrix_views.save_combination, name="save_combination"
    ),
]
