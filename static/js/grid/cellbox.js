/* Remark and files of one cell, in a dialog. The list of files comes from the server as it stands there. */

import { nameOf } from "./sheet.js";
import { post } from "./saver.js";
import { say } from "./words.js";

export class CellBox {
  constructor(sheet, history, saver, { filesUrl, addFileUrl }) {
    Object.assign(this, { sheet, history, saver, filesUrl, addFileUrl });
    this.dialog = document.getElementById("cell-box");
    this.remark = this.dialog.querySelector("textarea");
    this.files = this.dialog.querySelector("[data-files]");
    this.dialog.addEventListener("close", () => this.keep());
    this.remark.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.dialog.close();
      }
    });
    this.files.addEventListener("change", (event) => this.add(event.target));
    this.files.addEventListener("submit", (event) => this.remove(event));
  }

  open(cell, after) {
    if (cell.column.item === null || this.dialog.open) return;
    this.cell = cell;
    this.after = after;
    this.dialog.querySelector("h2").textContent = nameOf(cell);
    this.dialog.querySelector("[data-standard]").textContent = `${cell.column.standard}\n${cell.column.notes.join("；")}`.trim();
    this.remark.value = cell.remark;
    this.remark.readOnly = !this.sheet.canEdit(cell);
    const hasFiles = cell.column.evidence !== "none" && cell.column.editable;
    this.files.parentElement.hidden = !hasFiles;
    this.files.replaceChildren();
    this.dialog.showModal();
    if (hasFiles) this.load();
  }

  keep() {
    this.history.edit([{ cell: this.cell, remark: this.remark.value.trim().replace(/\s*\n\s*/g, "；") }]);
    this.after?.(this.cell);
  }

  get address() {
    return new URLSearchParams({ account: this.cell.row.account, item: this.cell.column.item });
  }

  load() {
    return this.take(fetch(`${this.filesUrl}?${this.address}`, { credentials: "same-origin" }));
  }

  async add(input) {
    if (input.type !== "file" || !input.files.length) return;
    const body = new FormData();
    for (const [name, value] of this.address) body.append(name, value);
    for (const file of input.files) body.append("file", file);
    this.files.setAttribute("aria-busy", "true");
    await this.take(post(this.addFileUrl, body));
  }

  async remove(event) {
    event.preventDefault();
    if (await window.page.ask(event.target.dataset.question)) await this.take(post(event.target.action, new FormData()));
  }

  /** Show the list an answer brings, and count it at the cell. */
  async take(asking) {
    const { cell } = this;
    let sentence = say("offline");
    try {
      const response = await asking;
      const text = await response.text();
      if (response.ok && !response.redirected) {
        // Rendered by our own template, every name in it escaped.
        this.files.innerHTML = text;
        sentence = "";
      } else sentence = response.redirected ? say("signedOut") : response.status === 400 ? text : say("filesFailed");
    } catch {
      // said below
    }
    this.files.removeAttribute("aria-busy");
    if (sentence) {
      const line = document.createElement("p");
      line.className = "errorlist";
      line.textContent = sentence;
      this.files.prepend(line);
      return;
    }
    cell.files = this.files.querySelectorAll("[data-file]").length;
    this.sheet.tell([cell]);
  }
}
