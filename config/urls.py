from django.contrib import admin
from django.urls import include, path

from config.views import home, score, setup

urlpatterns = [
    path("", home.home, name="home"),
    path("home/todo/", home.home_todo, name="home-todo"),
    path("home/branches/", home.home_branches, name="home-branches"),
    path("score/", score.score_mine, name="score-mine"),
    path("accounts/<int:pk>/score/", score.score_of, name="score-of"),
    path("members/<int:pk>/score/", score.score_of_member, name="score-of-member"),
    path("setup/", setup.setup, name="setup"),
    path("", include("members.urls")),
    path("", include("scoring.urls")),
    path("", include("evaluations.urls")),
    path("rescue/", admin.site.urls),
]
