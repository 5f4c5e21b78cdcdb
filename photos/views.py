"""The API, one function an address. Whoever asks sees their own; everything else is a 404."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from photos import deeds, files, uploads
from photos.authentication import caller_of
from photos.first_albums import person_behind
from photos.models import Picture, PictureQuerySet
from photos.serializers import AlbumSerializer, NewAlbum, NewPicture, PictureSerializer

OPENAPI = Path(__file__).with_name("openapi.json")


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 `ok`: the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The API's description, OpenAPI 3.0.3."""
    return HttpResponse(OPENAPI.read_bytes(), content_type="application/json")


@api_view(["GET", "HEAD", "POST"])
def albums(request: Request) -> Response:
    """My albums; or a new one."""
    person = person_behind(caller_of(request))
    mine = person.own_albums().listed()
    if request.method == "POST":
        new = NewAlbum(data=request.data)
        new.is_valid(raise_exception=True)
        made = deeds.add_album(person, **new.validated_data)
        return Response(
            AlbumSerializer(mine.get(pk=made.pk)).data, status=201, headers={"Location": f"/albums/{made.pk}"}
        )
    found = AlbumSerializer(mine, many=True).data
    return Response({"count": len(found), "list": found})


@api_view(["GET", "HEAD"])
def album(request: Request, album_id: UUID) -> Response:
    """One album with its pictures."""
    found = get_object_or_404(person_behind(caller_of(request)).own_albums().listed(), pk=album_id)
    pictures_of_it = PictureQuerySet(Picture).filter(album=found).listed()
    return Response({**AlbumSerializer(found).data, "pictures": PictureSerializer(pictures_of_it, many=True).data})


@api_view(["POST"])
@parser_classes([MultiPartParser])
def album_pictures(request: Request, album_id: UUID) -> Response:
    """A new picture in one of my albums."""
    found = get_object_or_404(person_behind(caller_of(request)).own_albums(), pk=album_id)
    form: dict[str, Any] = request.data.dict() if isinstance(request.data, QueryDict) else {}
    new = NewPicture(data={"title": form.get("title", "")})
    new.is_valid(raise_exception=True)
    with files.WORKBENCHES:
        upload = uploads.read(form.get("file"))
        made = deeds.add_picture(found, upload, title=new.validated_data["title"])
    return Response(PictureSerializer(made).data, status=201, headers={"Location": f"/pictures/{made.pk}"})


@api_view(["GET", "HEAD"])
def pictures(request: Request) -> Response:
    """All my pictures."""
    mine = person_behind(caller_of(request)).own_pictures().listed()
    found = PictureSerializer(mine, many=True).data
    return Response({"count": len(found), "list": found})


@api_view(["GET", "HEAD", "DELETE"])
def picture(request: Request, picture_id: UUID) -> Response:
    """One of my pictures; or away with it."""
    found = _mine(request, picture_id)
    if request.method == "DELETE":
        deeds.delete_picture(found)
        return Response(status=204)
    return Response(PictureSerializer(found).data)


@api_view(["GET", "HEAD"])
def picture_image(request: Request, picture_id: UUID) -> HttpResponseBase:
    """The picture itself."""
    found = _mine(request, picture_id)
    return _file(request, files.image_file(found), found.content_type)


@api_view(["GET", "HEAD"])
def picture_thumbnail(request: Request, picture_id: UUID) -> HttpResponseBase:
    """Its thumbnail, a JPEG 480 pixels wide."""
    return _file(request, files.thumbnail_file(_mine(request, picture_id)), "image/jpeg")


def _mine(request: Request, picture_id: UUID) -> Picture:
    return get_object_or_404(person_behind(caller_of(request)).own_pictures(), pk=picture_id)


def _file(request: Request, path: Path, content_type: str) -> HttpResponseBase:
    """The file, or 304; a browser may keep it but must ask each time, with a token that still works."""
    state = path.stat()
    etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
    unchanged = get_conditional_response(request._request, etag=etag)
    response = unchanged or FileResponse(path.open("rb"), content_type=content_type)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization"
    return response
