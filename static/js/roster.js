/* What was changed on the page but not checked again must not be confirmed: the preview would not show it. */

const options = document.getElementById("roster-options");
const confirmed = document.querySelector("#roster-confirm button");
const warning = document.getElementById("roster-unchecked");

options.addEventListener("change", () => {
  warning.hidden = false;
  if (confirmed) confirmed.disabled = true;
});
