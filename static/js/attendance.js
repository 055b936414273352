/* The attendance sheet: counts as one goes, everybody present at once, filter, and keys.

   Up and down go to the next person, left and right to the next mark (as the browser has it), 1 to 5 choose a mark
   and go on. Without this script the sheet works all the same. */

const form = document.getElementById("attendance");
const rows = Array.from(form.querySelectorAll(".attendance li"));
const find = document.getElementById("find");
const nobody = form.querySelector(".attendance-none");
const allPresent = document.getElementById("all-present");

function marksOf(row) {
  return Array.from(row.querySelectorAll('input[type="radio"]'));
}

/* ---------------------------------------------------------------- counting */

function count() {
  for (const place of form.querySelectorAll("[data-count]")) {
    place.textContent = form.querySelectorAll(`.attendance input[value="${place.dataset.count}"]:checked`).length;
  }
}

form.addEventListener("change", count);

/* --------------------------------------------------------------- filtering */

function filter() {
  const wanted = find.value.trim().toLowerCase().replaceAll(" ", "");
  for (const row of rows) row.hidden = !row.dataset.find.toLowerCase().includes(wanted);
  nobody.hidden = rows.some((row) => !row.hidden);
  allPresent.disabled = wanted !== "";
}

find.addEventListener("input", filter);

/* -------------------------------------------------------------------- keys */

function focusOn(row) {
  const marks = marksOf(row);
  (marks.find((mark) => mark.checked) ?? marks[0]).focus();
}

/** The next person that is shown, upwards or downwards. */
function neighbour(row, step) {
  const shown = rows.filter((one) => !one.hidden);
  return shown[shown.indexOf(row) + step];
}

function choose(row, place) {
  marksOf(row)[place].checked = true;
  count();
  const next = neighbour(row, 1);
  if (next) focusOn(next);
}

form.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target === find) {
    // Enter in the filter goes to the first person found; it must not save the sheet.
    const first = rows.find((row) => !row.hidden);
    if (event.key === "Enter" || event.key === "ArrowDown") event.preventDefault();
    if ((event.key === "Enter" || event.key === "ArrowDown") && first) focusOn(first);
    return;
  }
  const row = event.target.closest(".attendance li");
  if (!row) return;
  const isMark = event.target.type === "radio";
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step) {
    event.preventDefault();
    const next = neighbour(row, step);
    if (next && isMark) focusOn(next);
    else next?.querySelector(".form-control").focus();
  } else if (isMark && /^[1-5]$/.test(event.key)) {
    event.preventDefault();
    choose(row, Number(event.key) - 1);
  }
});

/* ------------------------------------------------------- everybody present */

allPresent.hidden = rows.length === 0;
allPresent.addEventListener("click", () => {
  for (const row of rows) marksOf(row)[0].checked = true;
  count();
});

if (rows.length) count();
