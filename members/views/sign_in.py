"""Signing in and out, and changing one's password."""

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from members.forms.sign_in import PasswordForm, SignInForm
from members.permissions import SignedIn, open_to_all, permitted
from members.services.users import change_password

sign_in = open_to_all(
    LoginView.as_view(
        template_name="members/sign_in.html",
        authentication_form=SignInForm,
        redirect_authenticated_user=True,
        # Else the view names the site after the host of the request.
        extra_context={"site_name": gettext_lazy("党员积分管理")},
    )
)


def locked_out(request: HttpRequest, credentials: dict[str, object], *args: object) -> HttpResponse:
    """Called by axes after too many wrong passwords."""
    return render(request, "members/locked_out.html", status=429)


@require_POST
@permitted("members.use_product")
def sign_out(request: SignedIn) -> HttpResponse:
    logout(request)
    return redirect("members:sign-in")


@permitted("members.use_product")
def password_change(request: SignedIn) -> HttpResponse:
    form = PasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        change_password(request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(request, request.user)
        messages.success(request, _("密码已修改。"))
        return redirect("home")
    return render(
        request,
        "members/password_change.html",
        {"form": form, "is_first": request.user.must_change_password},
    )
