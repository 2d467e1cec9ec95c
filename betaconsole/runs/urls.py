"""Comparing: compose, run, watch, look back."""

from django.urls import path

from .history import comparing_views, retention_views, transfer_views
from .history import views as history_views
from .pages import (
    batch_views,
    conversation_views,
    count_views,
    errand_views,
    pace_views,
    promise_views,
    views,
    vital_views,
)

app_name = "runs"
urlpatterns = [
    path("", views.compose, name="compose"),
    path("comparisons/", views.run, name="run"),
    path("examples/<slug:slug>/run/", views.try_example, name="try_example"),
    path("comparisons/<str:public_id>/", views.comparison, name="comparison"),
    path("comparisons/<str:public_id>/live/", views.live, name="live"),
    path("comparisons/<str:public_id>/lanes/", views.lanes, name="lanes"),
    path("comparisons/<str:public_id>/cancel/", views.cancel, name="cancel"),
    path("comparisons/<str:public_id>/pause/", pace_views.pause, name="pause"),
    path("comparisons/<str:public_id>/resume/", pace_views.resume, name="resume"),
    path("comparisons/<str:public_id>/more/", pace_views.more, name="more"),
    path("comparisons/<str:public_id>/batches/", batch_views.batches, name="batches"),
    path("comparisons/<str:public_id>/without/", views.without, name="without"),
    path("comparisons/<str:public_id>/again/", views.again, name="again"),
    path("comparisons/<str:public_id>/edit/", views.edit, name="edit"),
    path("comparisons/<str:public_id>/turns/", conversation_views.turns, name="turns"),
    path("comparisons/<str:public_id>/answer/", conversation_views.answer, name="answer"),
    path("comparisons/<str:public_id>/go-on/", conversation_views.go_on, name="go_on"),
    path("comparisons/<str:public_id>/leave/", conversation_views.leave, name="leave"),
    path("comparisons/<str:public_id>/continue/", conversation_views.say, name="say"),
    path("exchanges/<str:public_id>/", views.exchange, name="exchange"),
    path("exchanges/<str:public_id>/edit/", conversation_views.edit, name="edit_exchange"),
    path("exchanges/<str:public_id>/there/", conversation_views.compare_there, name="compare_there"),
    path("exchanges/<str:public_id>/request/", views.raw_request, name="raw_request"),
    path("exchanges/<str:public_id>/request/file/", views.request_file, name="request_file"),
    path("exchanges/<str:public_id>/response/", views.raw_response, name="raw_response"),
    path("exchanges/<str:public_id>/code/", views.code, name="code"),
    # what the composer asks the API for
    path("files/", errand_views.list_files, name="list_files"),
    path("files/upload/", errand_views.upload_file, name="upload_file"),
    path("comparisons/<str:public_id>/errand/", errand_views.errand, name="errand"),
    path("count-tokens/", count_views.count_tokens, name="count_tokens"),
    path("comparisons/<str:public_id>/count-tokens/", count_views.counting_tokens, name="counting_tokens"),
    path("history/", history_views.history, name="history"),
    path("history/export.csv", history_views.export_history, {"form": "csv"}, name="export_csv"),
    path("history/export.jsonl", history_views.export_history, {"form": "jsonl"}, name="export_jsonl"),
    path("history/whole.jsonl", transfer_views.export_whole, name="export_whole"),
    path("history/exchanges.csv", transfer_views.export_exchanges, name="export_exchanges"),
    path("history/import/", transfer_views.import_comparisons, name="import_comparisons"),
    path("comparisons/<str:public_id>/export.jsonl", transfer_views.export_comparison, name="export_comparison"),
    path("exchanges/<str:public_id>/export.json", transfer_views.export_exchange, name="export_exchange"),
    path("history/already/", history_views.already, name="already"),
    path("history/retention/", retention_views.retention, name="retention"),
    path("history/newer/", history_views.newer, name="newer"),
    path("history/side-by-side/", comparing_views.side_by_side, name="side_by_side"),
    path("history/compare/", comparing_views.compare_exchanges, name="compare_exchanges"),
    path("comparisons/<str:public_id>/exchanges/", history_views.comparison_exchanges, name="comparison_exchanges"),
    path("comparisons/<str:public_id>/change/", history_views.change_comparison, name="change_comparison"),
    path("comparisons/<str:public_id>/delete/", history_views.delete_comparison, name="delete_comparison"),
    path("comparisons/<str:public_id>/restore/", history_views.restore_comparison, name="restore_comparison"),
    path("promises/", promise_views.promises, name="promises"),
    # what machines ask (betaconsole/web/vitals.py answers them first)
    path("healthz", vital_views.healthz, name="healthz"),
    path("readyz", vital_views.readyz, name="readyz"),
]
