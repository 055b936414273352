/* Sentences of the grid. They stand in templates/scoring/_grid_words.html, where they are translated. */

const words = document.getElementById("grid-words").dataset;

/** The sentence `key` with {names} filled in. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_all, name) => values[name]);
}

const region = document.getElementById("grid-said");

/** Say a sentence to screen readers only. */
export function announce(sentence) {
  region.textContent = "";
  // A reader hears a text that changes, not one that is set again.
  requestAnimationFrame(() => {
    region.textContent = sentence;
  });
}
