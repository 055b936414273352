/* The page that sets up a campaign: stages that are not used are folded, tables of rows grow, a row that is to go is
   struck out. Without this script everything stands open and one empty row is offered after each saving. */

const page = document.querySelector("#campaign-form");

/** A stage that is not used shows its first line only. */
function fold(box) {
  document.getElementById(box.dataset.shows).hidden = !box.checked;
}

/** Grades or dimensions, whichever the stage asks for. */
function fit(select) {
  for (const set of page.querySelectorAll(`[data-for^="${select.dataset.form}-"]`)) {
    set.hidden = set.dataset.for !== `${select.dataset.form}-${select.value}`;
  }
}

function strike(box) {
  box.closest("tr").classList.toggle("gone", box.checked);
}

function addRow(prefix) {
  const total = page.elements[`${prefix}-TOTAL_FORMS`];
  const pattern = document.getElementById(`${prefix}-empty`).content.querySelector("tr");
  const row = pattern.cloneNode(true);
  for (const element of row.querySelectorAll("[name], [id], [for]")) {
    for (const name of ["name", "id", "for"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace("__prefix__", total.value));
    }
  }
  total.value = Number(total.value) + 1;
  document.getElementById(`${prefix}-rows`).append(row);
  row.querySelector("input, select").focus();
}

page.addEventListener("change", (event) => {
  const field = event.target;
  if (field.dataset.shows) fold(field);
  if (field.dataset.form) fit(field);
  if (field.name.endsWith("-DELETE")) strike(field);
});

page.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add]");
  if (button) addRow(button.dataset.add);
});

page.querySelectorAll("[data-shows]").forEach(fold);
page.querySelectorAll("[data-form]").forEach(fit);
page.querySelectorAll('[name$="-DELETE"]').forEach(strike);
for (const button of page.querySelectorAll("[data-add]")) button.hidden = false;
