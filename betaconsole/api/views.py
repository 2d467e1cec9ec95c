"""The API's reference, as a page and as an OpenAPI document. ninja's own page loads scripts that our CSP forbids."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from betaconsole.teams.access import public, requires
from betaconsole.teams.models import Role

from . import reference
from .problems import TYPES, Problem
from .routes import document


@requires(Role.VIEWER)
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    origin = request.build_absolute_uri("/").rstrip("/")
    operations = reference.operations(document(), origin=origin)
    return render(request, "api/docs.html", {"operations": operations, "errors": TYPES.items()})


@requires(Role.VIEWER)
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document())


@csrf_exempt
@public
def nothing(request: HttpRequest) -> HttpResponse:
    return Problem(404, "There is nothing at this address; /api/docs lists what there is.").response()
