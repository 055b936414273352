/* What stands around the table: state of saving, refused cells, two people in one cell, report of a paste. */

import { nameOf, shownText } from "./sheet.js";
import { announce, say } from "./words.js";

const ICONS = { saved: "cloud-check", waiting: "cloud-upload", saving: "cloud-upload", partly: "alert-triangle", failed: "cloud-off" };
const MOST_LINES = 20;

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export function button(text, className, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** Shows the state of saving in the toolbar. */
export function saveState() {
  const place = document.getElementById("grid-save");
  const use = place.querySelector("use");
  const words = place.querySelector("span");
  const sprite = use.getAttribute("href").split("#")[0];
  return (state, sentence) => {
    if (place.dataset.state === state && words.textContent === sentence) return;
    place.dataset.state = state;
    use.setAttribute("href", `${sprite}#${ICONS[state]}`);
    words.textContent = sentence;
  };
}

/** "2 处有误": goes to the next refused cell. */
export function wrongCount(sheet, go) {
  const place = document.getElementById("grid-wrong");
  let last = -1;
  place.addEventListener("click", () => {
    const wrong = sheet.wrong();
    const place = (cell) => cell.row.r * sheet.width + cell.column.c;
    const next = wrong.find((cell) => place(cell) > last) ?? wrong[0];
    last = place(next);
    go(next);
  });
  sheet.watch((cells) => {
    const count = sheet.wrong().length;
    const isNew = count > Number(place.dataset.count ?? 0);
    place.hidden = !count;
    place.dataset.count = count;
    place.lastElementChild.textContent = say("wrongCount", { n: count });
    const fresh = cells.find((cell) => cell.refusal);
    if (isNew && fresh) announce(`${fresh.row.name}：${fresh.refusal}`);
  });
}

/** The two buttons that settle a conflict; also used under the cell and on the phone. */
export function settling(cell, saver, after) {
  const settle = (useMine) => () => {
    saver.settle(cell, useMine);
    after?.(cell);
  };
  const box = element("span", "settling");
  box.append(
    button(say("keepTheirs"), "btn btn-sm btn-ghost", settle(false)),
    button(say("useMine"), "btn btn-sm btn-ghost", settle(true)),
  );
  return box;
}

export function rivalSentence(cell) {
  const { by, text, remark } = cell.rival;
  if (text === cell.text) return say("rivalRemark", { by, theirs: remark || say("nothing") });
  const theirs = text || say("nothing");
  return say("rival", { by, theirs: theirs.replace("-", "−"), mine: shownText(cell) || say("nothing") });
}

/** All conflicts in a strip above the table, each with its choice. */
export function rivalStrip(sheet, saver, go) {
  const place = document.getElementById("grid-rivals");
  let shown = "";
  sheet.watch(() => {
    const cells = sheet.rivals();
    const now = cells.map((cell) => `${nameOf(cell)} ${cell.rival.text} ${cell.text}`).join("|");
    if (now === shown) return;
    shown = now;
    place.hidden = !cells.length;
    const list = place.querySelector("ul");
    list.replaceChildren(
      ...cells.slice(0, MOST_LINES).map((cell) => {
        const line = document.createElement("li");
        line.append(button(nameOf(cell), "btn-text", () => go(cell)), element("span", "", rivalSentence(cell)));
        line.append(settling(cell, saver));
        return line;
      }),
    );
    const all = place.querySelector("[data-all]");
    all.replaceChildren();
    if (cells.length < 2) return;
    const settleAll = (useMine) => () => cells.forEach((cell) => saver.settle(cell, useMine));
    all.append(
      button(say("keepAllTheirs", { n: cells.length }), "btn btn-sm btn-ghost", settleAll(false)),
      button(say("useAllMine", { n: cells.length }), "btn btn-sm btn-ghost", settleAll(true)),
    );
  });
}

/** What a paste did, and every piece of it that had no place. */
export function pasteReport() {
  const place = document.getElementById("grid-report");
  place.querySelector("[data-close]").addEventListener("click", () => {
    place.hidden = true;
  });
  return (sentence, problems) => {
    place.hidden = !problems.length;
    if (!problems.length) {
      window.page.toast(sentence);
      return;
    }
    place.querySelector("h2").textContent = sentence + say("pasteProblems", { n: problems.length });
    place.querySelector("tbody").replaceChildren(
      ...problems.map(({ text, why }) => {
        const line = document.createElement("tr");
        line.append(element("td", "", text), element("td", "", why));
        return line;
      }),
    );
    place.scrollIntoView({ block: "nearest" });
    announce(sentence + say("pasteProblems", { n: problems.length }));
  };
}

/** The month can no longer be edited here: the sentence stays on the page. */
export function stopStrip(sheet, saver) {
  const place = document.getElementById("grid-stopped");
  sheet.watch(() => {
    if (!saver.stopped || !place.hidden) return;
    place.hidden = false;
    place.querySelector("p").textContent = saver.stopped;
  });
}
