/* What every page can do. Each behaviour is switched on by a data attribute (docs/look.md):

   data-action="theme" | "text-size" | "print"     buttons of the top bar and of page heads
   data-confirm="question"                         on a form or its button: asks in a dialog first
   data-autosubmit                                 on a select or a checkbox: sends its form when changed
   data-copy="#id" | data-copy-text="…"            copies the text of an element, or the text given
   data-file-name="#id"                            on a file field: shows the chosen file there
   data-toggle="id"                                on a button: shows and hides that element
   table.stack                                     becomes cards on phones
   .table-responsive                               reachable by keyboard when it scrolls

   Loaded as a module: strict, with a scope of its own, after the page has been parsed.
   Other scripts reach `page.ask(question, agree)` and `page.toast(sentence)`. */

const root = document.documentElement;

/** Words on buttons made here come from the page, where they are translated. */
function word(key) {
  return document.body.dataset[key];
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // storage may be switched off by policy: then the choice lasts for this page
  }
}

/* ------------------------------------------------- theme, text size, print */

function showTheme(theme) {
  root.dataset.bsTheme = theme;
  document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
}

function markPressed() {
  for (const button of document.querySelectorAll('[data-action="theme"]')) {
    button.setAttribute("aria-pressed", String(root.dataset.bsTheme === "dark"));
  }
  for (const button of document.querySelectorAll('[data-action="text-size"]')) {
    button.setAttribute("aria-pressed", String(root.dataset.textSize === "large"));
  }
}

const actions = {
  theme() {
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    remember("theme", theme);
    showTheme(theme);
    markPressed();
  },
  "text-size"() {
    const isLarge = root.dataset.textSize === "large";
    if (isLarge) delete root.dataset.textSize;
    else root.dataset.textSize = "large";
    remember("text-size", isLarge ? "normal" : "large");
    markPressed();
  },
  print() {
    window.print();
  },
};

document.addEventListener("click", (event) => {
  const action = actions[event.target.closest("[data-action]")?.dataset.action];
  if (action) action();
});

// Paper is white: print in the light scheme and go back afterwards.
let themeOnScreen = null;
window.addEventListener("beforeprint", () => {
  themeOnScreen = root.dataset.bsTheme;
  if (themeOnScreen === "dark") showTheme("light");
});
window.addEventListener("afterprint", () => {
  if (themeOnScreen === "dark") showTheme("dark");
  themeOnScreen = null;
});

/* ------------------------------------------------------------------- asking */

function button(text, value, looks) {
  const made = document.createElement("button");
  made.value = value;
  made.className = `btn ${looks}`;
  made.textContent = text;
  return made;
}

/** Ask in a dialog; the promise holds true when the person agreed. */
function ask(question, agree) {
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  const text = document.createElement("p");
  text.id = "ask-text";
  text.textContent = question;
  dialog.setAttribute("aria-labelledby", text.id);
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "end";
  form.append(
    button(word("wordCancel"), "no", "btn-ghost"),
    button(agree || word("wordConfirm"), "yes", "btn-primary"),
  );
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

const agreed = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const asking = event.submitter?.closest("[data-confirm]") || form.closest("[data-confirm]");
    if (!asking || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(asking.dataset.confirm, asking.dataset.confirmAgree)) {
      agreed.add(form);
      form.requestSubmit(event.submitter);
    }
  },
  true, // before htmx sees it
);

document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  if (await ask(event.detail.question)) event.detail.issueRequest(true);
});

/* ---------------------------------------------------------------- forms */

function showFileNames(field) {
  const names = Array.from(field.files, (file) => file.name);
  document.querySelector(field.dataset.fileName).textContent = names.join("，");
}

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-autosubmit]")) field.form.requestSubmit();
  if (field.matches("[data-file-name]")) showFileNames(field);
});

// A file may be chosen before this script is there, and the browser keeps it when one comes back to the page.
for (const field of document.querySelectorAll("input[data-file-name]")) {
  if (field.files.length > 0) showFileNames(field);
}

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.target.closest?.(".drop")?.classList.toggle("over", name === "dragover");
  });
}

/* ------------------------------------------------------------------ copying */

/** Addresses without https have no clipboard API; an intranet often is such a one. */
async function toClipboard(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.addEventListener("click", async (event) => {
  const trigger = event.target.closest("[data-copy], [data-copy-text]");
  if (!trigger) return;
  const source = trigger.dataset.copy && document.querySelector(trigger.dataset.copy);
  await toClipboard(source ? (source.value ?? source.innerText) : trigger.dataset.copyText);
  toast(word("wordCopied"));
});

/** A sentence at the lower edge, gone after four seconds. */
function toast(sentence) {
  const bar = document.createElement("div");
  bar.className = "toastbar";
  bar.setAttribute("role", "status");
  document.body.append(bar);
  bar.textContent = sentence;
  setTimeout(() => bar.remove(), 4000);
}

/* ------------------------------------------------------ showing and hiding */

document.addEventListener("click", (event) => {
  const trigger = event.target.closest("[data-toggle]");
  if (!trigger) return;
  const part = document.getElementById(trigger.dataset.toggle);
  part.hidden = !part.hidden;
  trigger.setAttribute("aria-expanded", String(!part.hidden));
});

/* ------------------------------------------------------------ tables, htmx */

/** Give each cell the heading of its column; the style sheet shows it on phones. */
function labelCells(scope) {
  for (const table of scope.querySelectorAll("table.stack")) {
    const headings = Array.from(table.tHead?.rows[0]?.cells ?? [], (cell) => cell.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr, tfoot tr")) {
      let column = 0;
      for (const cell of row.cells) {
        const isFilled = cell.childElementCount > 0 || cell.textContent.trim() !== "";
        if (cell.colSpan === 1 && isFilled && headings[column]) cell.dataset.label ??= headings[column];
        column += cell.colSpan;
      }
    }
  }
}

/** Whoever has no mouse scrolls a wide table with the arrow keys, once it can be focused. */
function reachScrollers() {
  for (const scroller of document.querySelectorAll(".table-responsive")) {
    const scrolls = scroller.scrollWidth > scroller.clientWidth;
    scroller.toggleAttribute("tabindex", scrolls);
    if (scrolls) {
      scroller.tabIndex = 0;
      scroller.setAttribute("role", "region");
      scroller.setAttribute("aria-label", scroller.querySelector("caption")?.textContent.trim() || word("wordTable"));
    }
  }
}

function prepare(scope) {
  labelCells(scope);
  reachScrollers();
}

window.addEventListener("resize", reachScrollers);
document.addEventListener("toggle", reachScrollers, true); // an opened <details>

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});

document.addEventListener("htmx:responseError", () => toast(word("wordFailed")));
document.addEventListener("htmx:sendError", () => toast(word("wordOffline")));
document.addEventListener("htmx:load", (event) => {
  // Rows that are added to a table need the headings of the whole table.
  const part = event.detail.elt.closest("table") ?? event.detail.elt;
  prepare(part.parentElement ?? document);
});

// For scripts of single pages: importing this module a second time would listen twice.
window.page = { ask, toast };

markPressed();
prepare(document);
