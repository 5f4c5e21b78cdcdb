"""The test client enters where Django's middleware begins, past apimanager/wsgi.py; what stands there is put in front
of the middleware, so that tests take the way that programs take."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from apimanager import machine_endpoints


class MachineEndpointsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_front = request.path_info in machine_endpoints.by_path()
        if not is_front or machine_endpoints.is_to_be_sent_to_tls(request):
            return self.get_response(request)
        return machine_endpoints.answer(request)
