"""The page "Your details": what a person lets applications learn, each time only after being asked."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.details_form import DetailsForm
from accounts.models import PersonalDetails, User


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest) -> HttpResponse:
    """One's own, nobody else's: there is no name to send."""
    user = cast("User", request.user)
    row = PersonalDetails.objects.filter(user=user).first() or PersonalDetails(user=user)
    form = DetailsForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your details are saved.")
        return redirect("account_details")
    return render(request, "account/details.html", {"form": form})
