/* The editor of rules: a clause shows the fields that belong to its 计价 and 汇总. Everything else is htmx. */

const DECIDING = ["计价", "汇总"];

function fit(form) {
  const chosen = DECIDING.map((name) => form.elements[name]?.value);
  for (const field of form.querySelectorAll("[data-only]")) {
    field.hidden = !field.dataset.only.split(" ").some((word) => chosen.includes(word));
  }
}

function forms(scope) {
  return scope.querySelectorAll(".rule-form form");
}

document.addEventListener("change", (event) => {
  const form = event.target.closest(".rule-form form");
  if (form && DECIDING.includes(event.target.name)) fit(form);
});

// A form that has just been opened, or come back with mistakes.
document.addEventListener("htmx:load", (event) => {
  const place = event.detail.elt;
  if (!place.matches?.(".rule-form")) return;
  place.querySelector('[aria-invalid="true"], input:not([type="hidden"]), select, textarea')?.focus();
});

document.addEventListener("htmx:load", (event) => forms(event.detail.elt.parentElement ?? document).forEach(fit));

forms(document).forEach(fit);
