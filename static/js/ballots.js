/* Ballots: how many are done, steps of a point, a code from the address, a receipt among many, codes one by one.

   Nothing that is typed here is kept: no storage, no draft, and the form is empty for whoever comes back to it. */

/* --------------------------------------------------------------- progress */

const ballot = document.querySelector("[data-ballot]");

/** Every field of the person is filled in; of grades one is chosen. */
function isComplete(person) {
  const grades = person.querySelectorAll('input[type="radio"]');
  if (grades.length > 0) return Array.from(grades).some((grade) => grade.checked);
  return Array.from(person.querySelectorAll('input[type="number"]')).every((field) => field.value !== "" && field.validity.valid);
}

function showProgress() {
  const people = Array.from(ballot.querySelectorAll("[data-person]"));
  let done = 0;
  for (const person of people) {
    const complete = isComplete(person);
    person.classList.toggle("complete", complete);
    if (complete) person.classList.remove("missing");
    done += complete;
  }
  ballot.querySelector("[data-done]").textContent = done;
  ballot.querySelector("progress").value = done;
}

if (ballot) {
  ballot.addEventListener("input", showProgress);
  ballot.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const field = button.parentElement.querySelector("input");
    const full = Number(field.max);
    // From an empty field one begins with full marks.
    const next = field.value === "" ? full : Number(field.value) + Number(button.dataset.step);
    field.value = Math.max(0, Math.min(full, next));
    showProgress();
  });
  // Our own words instead of the browser's, and all who are missing at once.
  ballot.noValidate = true;
  const bar = ballot.querySelector(".ballot-bar");
  bar.querySelector('[type="submit"]').addEventListener("click", (event) => {
    const missing = Array.from(ballot.querySelectorAll("[data-person]")).filter((person) => !isComplete(person));
    if (missing.length === 0) return;
    event.preventDefault();
    for (const person of missing) person.classList.add("missing");
    missing[0].scrollIntoView({ block: "center" });
    missing[0].querySelector("input").focus({ preventScroll: true });
    window.page.toast(bar.dataset.missing);
  });
  showProgress();
  // A page that the browser had kept as it was is emptied: the next one at this phone is somebody else.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    ballot.reset();
    showProgress();
  });
}

/* ---------------------------------------------------- the code of a slip */

// It stands behind the "#", which no browser sends; from here it goes by POST, and out of the address at once.
const codeForm = document.querySelector("[data-code-form]");
const scanned = decodeURIComponent(location.hash.slice(1));

if (codeForm && /^[0-9A-Za-z]{12}$/.test(scanned)) {
  history.replaceState(null, "", location.pathname);
  codeForm.elements.code.value = scanned;
  codeForm.requestSubmit();
}

/* --------------------------------------------------------------- receipts */

const own = document.querySelector("[data-finds]");

function findReceipt() {
  const rows = Array.from(document.querySelectorAll(`${own.dataset.finds} li`));
  const typed = own.value.toLowerCase().replace(/[^0-9a-f]/g, "");
  const found = rows.filter((row) => row.dataset.receipt.startsWith(typed));
  for (const row of rows) row.hidden = !found.includes(row);
  const answer = document.querySelector(".vote-found");
  const isEnough = typed.length >= 8;
  answer.classList.toggle("ok", isEnough && found.length === 1);
  answer.classList.toggle("error", typed !== "" && found.length === 0);
  if (typed === "") answer.textContent = "";
  else if (found.length === 0) answer.textContent = own.dataset.none;
  else answer.textContent = isEnough && found.length === 1 ? own.dataset.one : own.dataset.many;
}

own?.addEventListener("input", findReceipt);

/* ------------------------------------------- codes, one after the other */

const stage = document.querySelector("[data-codes]");

if (stage) {
  const codes = Array.from(stage.querySelectorAll("[data-code]"));
  const next = stage.querySelector("[data-next]");
  const show = () => {
    codes.forEach((code, number) => {
      code.hidden = number > 0;
    });
    stage.querySelector("[data-left]").textContent = codes.length;
    next.hidden = codes.length < 2;
  };
  next.addEventListener("click", () => {
    // The one that somebody has taken is shown to nobody again.
    codes.shift().remove();
    show();
  });
  stage.querySelector("[data-full]").addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else stage.requestFullscreen();
  });
  show();
}

/* ------------------------------------------------------------- organising */

for (const form of document.querySelectorAll("form[data-says]")) {
  form.addEventListener("submit", () => window.page.toast(form.dataset.says));
}

for (const choice of document.querySelectorAll('input[name="key"]')) {
  const pair = document.querySelector("[data-pair]");
  const sync = () => {
    if (!choice.checked) return;
    pair.hidden = choice.value !== "SCRUTINEERS";
    for (const field of pair.querySelectorAll("input")) field.required = !pair.hidden;
  };
  choice.addEventListener("change", sync);
  sync();
}
