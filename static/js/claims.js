/* Claims: find a clause by typing, tick all, and send a form once however often its button is tapped. */

const search = document.querySelector("[data-narrows]");

function narrow() {
  const list = document.querySelector(search.dataset.narrows);
  const words = search.value.trim().toLowerCase().split(/\s+/);
  let found = 0;
  for (const section of list.querySelectorAll("section")) {
    let here = 0;
    for (const row of section.querySelectorAll("li")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      here += !row.hidden;
    }
    section.hidden = here === 0;
    found += here;
  }
  list.querySelector(".claim-none").hidden = found > 0;
}

search?.addEventListener("input", narrow);
// The browser may have kept what was typed.
if (search?.value) narrow();

for (const all of document.querySelectorAll("[data-tick-all]")) {
  const boxes = all.form.querySelectorAll(`input[name="${all.dataset.tickAll}"]`);
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  all.form.addEventListener("change", () => {
    all.checked = Array.from(boxes).every((box) => box.checked);
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("sent")) event.preventDefault();
    else form.classList.add("sent");
  });
}

// Back from the next page the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.sent")) form.classList.remove("sent");
});
