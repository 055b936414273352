/* Runs before the first paint, so that nobody sees the wrong colours or the wrong size for a moment.
   Loaded without `defer` in the head; everything else is in app.js. */
(function () {
  "use strict";
  const root = document.documentElement;

  function remembered(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage may be switched off by policy
    }
  }

  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.bsTheme = remembered("theme") || (prefersDark ? "dark" : "light");
  if (remembered("text-size") === "large") root.dataset.textSize = "large";
})();
