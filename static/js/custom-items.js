/* Of the fields of a clause those are shown that its pricing and its tally ask for. */

const pricing = document.getElementById("id_pricing");
const tally = document.getElementById("id_tally");

function show() {
  for (const field of document.querySelectorAll("[data-pricing]")) {
    field.hidden = !field.dataset.pricing.split(" ").includes(pricing.value);
  }
  const steps = document.getElementById("id_steps");
  steps.closest(".field").hidden = steps.dataset.tally !== tally.value;
}

if (pricing && tally) {
  pricing.addEventListener("change", show);
  tally.addEventListener("change", show);
  show();
}
