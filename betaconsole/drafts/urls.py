"""The composer: a draft, its prompt, its matrix."""

from django.urls import path

from . import (
    attachment_views,
    body_views,
    case_views,
    endpoint_views,
    fix_views,
    matrix_views,
    stubs_views,
    upload_views,
    views,
)

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
    path("<slug:draft_id>/fix/", fix_views.fix, name="fix"),
    # the prompt
    path("<slug:draft_id>/view/", body_views.switch_view, name="switch_view"),
    path("<slug:draft_id>/body/", body_views.set_body, name="set_body"),
    path("<slug:draft_id>/text/", body_views.set_text, name="set_text"),
    path("<slug:draft_id>/role/", body_views.set_role, name="set_role"),
    path("<slug:draft_id>/messages/add/", body_views.add_message, name="add_message"),
    path("<slug:draft_id>/messages/remove/", body_views.remove_message, name="remove_message"),
    path("<slug:draft_id>/parameter/", body_views.set_parameter, name="set_parameter"),
    path("<slug:draft_id>/betas/move/", body_views.move_betas, name="move_betas"),
    # files in it, uploads, recorded requests in its place
    path("<slug:draft_id>/attach/", attachment_views.attach, name="attach"),
    path("<slug:draft_id>/attach/remove/", attachment_views.remove_attachment, name="remove_attachment"),
    path("<slug:draft_id>/file/", attachment_views.file, name="file"),
    path("<slug:draft_id>/file/insert/", attachment_views.insert_file, name="insert_file"),
    path("<slug:draft_id>/body/whole/", attachment_views.whole_body, name="whole_body"),
    path("<slug:draft_id>/parts/add/", upload_views.add_parts, name="add_parts"),
    path("<slug:draft_id>/parts/set/", upload_views.set_part, name="set_part"),
    path("<slug:draft_id>/parts/remove/", upload_views.remove_part, name="remove_part"),
    path("<slug:draft_id>/import/", case_views.import_requests, name="import_requests"),
    path("<slug:draft_id>/cases/kind/", case_views.set_case_kind, name="set_case_kind"),
    path("<slug:draft_id>/cases/remove/", case_views.remove_cases, name="remove_cases"),
    # its tools and the stubs that answer for them
    path("<slug:draft_id>/tools/", stubs_views.tools, name="tools"),
    path("<slug:draft_id>/tools/close/", stubs_views.close_tools, name="close_tools"),
    path("<slug:draft_id>/tools/add/", stubs_views.add_to_tools, name="add_to_tools"),
    path("<slug:draft_id>/tools/remove/", stubs_views.remove_from_tools, name="remove_from_tools"),
    path("<slug:draft_id>/stubs/add/", stubs_views.add_stub, name="add_stub"),
    path("<slug:draft_id>/stubs/remove/", stubs_views.remove_stub, name="remove_stub"),
    path("<slug:draft_id>/stubs/move/", stubs_views.move_stub, name="move_stub"),
    path("<slug:draft_id>/stubs/set/", stubs_views.set_stub, name="set_stub"),
    path("<slug:draft_id>/turns/", stubs_views.set_max_turns, name="set_max_turns"),
    # where to, and how
    path("<slug:draft_id>/endpoint/", endpoint_views.endpoint, name="endpoint"),
    path("<slug:draft_id>/endpoint/close/", endpoint_views.close_endpoint, name="close_endpoint"),
    path("<slug:draft_id>/endpoint/set/", endpoint_views.set_endpoint, name="set_endpoint"),
    path("<slug:draft_id>/endpoint/fields/", endpoint_views.drop_fields, name="drop_fields"),
    path("<slug:draft_id>/engine/", endpoint_views.set_engine, name="set_engine"),
    path("<slug:draft_id>/caches/", endpoint_views.set_separate_caches, name="set_separate_caches"),
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
