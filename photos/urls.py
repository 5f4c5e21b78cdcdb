"""The addresses, relative to the API's base (the gateway strips /photos/1.0)."""

from __future__ import annotations

from django.urls import path

from photos import views

urlpatterns = [
    # public
    path("health", views.health, name="health"),
    path("openapi.json", views.openapi, name="openapi"),
    # /albums
    path("albums", views.albums, name="albums"),
    path("albums/<uuid:album_id>", views.album, name="album"),
    path("albums/<uuid:album_id>/pictures", views.album_pictures, name="album-pictures"),
    # /pictures
    path("pictures", views.pictures, name="pictures"),
    path("pictures/<uuid:picture_id>", views.picture, name="picture"),
    path("pictures/<uuid:picture_id>/image", views.picture_image, name="picture-image"),
    path("pictures/<uuid:picture_id>/thumbnail", views.picture_thumbnail, name="picture-thumbnail"),
]

handler400 = "photos.errors.bad_request"
handler404 = "photos.errors.not_found"
handler500 = "photos.errors.server_error"
