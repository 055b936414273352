/* Autosave. Changed cells go to the server in batches, one request in flight.

   A batch that got no answer is sent again as it was: the server recognises it, so nothing is taken for
   somebody else's change. */

import { hundredths } from "./points.js";
import { isWaiting } from "./sheet.js";
import { say } from "./words.js";

const PAUSE = 600;
const LONGEST_PAUSE = 3000;
const BATCH = 1000;
const LONGEST_WAIT = 30;

/** The cookie is newer than the page when somebody signed in again in another window. */
function token() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return cookie ? cookie[1] : document.querySelector('meta[name="csrf-token"]').content;
}

export function post(url, body, headers = {}) {
  return fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token(), ...headers }, credentials: "same-origin" });
}

/** Thrown when sending again may help. */
class Later extends Error {}
/** Thrown when it will not: the month was submitted meanwhile. */
class Never extends Error {}

export class Saver {
  constructor(sheet, url, show) {
    this.sheet = sheet;
    this.url = url;
    this.show = show;
    this.waiting = new Set();
    this.batch = null;
    this.timer = 0;
    this.since = 0;
    this.failures = 0;
    this.isSending = false;
    this.stopped = "";
    sheet.watch((cells) => this.note(cells));
    window.addEventListener("online", () => this.flush());
    window.addEventListener("beforeunload", (event) => {
      if (!this.unsaved()) return;
      event.preventDefault();
      event.returnValue = ""; // older browsers ask only then
    });
  }

  /** Cells that would be lost if the page were closed now. */
  unsaved() {
    return this.waiting.size + (this.batch ? this.batch.length : 0) + this.sheet.wrong().length + this.sheet.rivals().length;
  }

  note(cells) {
    let isNew = false;
    for (const cell of cells) {
      if (isWaiting(cell)) {
        this.waiting.add(cell);
        isNew = true;
      } else this.waiting.delete(cell);
    }
    if (isNew) this.plan();
    else if (!this.isSending) this.showState();
  }

  plan() {
    if (this.stopped) return;
    if (!this.failures) this.showState();
    const now = Date.now();
    if (!this.since) this.since = now;
    clearTimeout(this.timer);
    const wait = this.failures ? Math.min(LONGEST_WAIT, 2 ** this.failures) * 1000 : PAUSE;
    const isLate = !this.failures && now - this.since > LONGEST_PAUSE;
    this.timer = setTimeout(() => this.flush(), isLate ? 0 : wait);
  }

  /** Send what waits. Out: when nothing is under way any more. */
  async flush() {
    clearTimeout(this.timer);
    if (this.stopped) return;
    if (this.isSending) {
      await this.sending;
      return this.waiting.size && !this.failures ? this.flush() : undefined;
    }
    this.batch ??= this.take();
    if (!this.batch) return this.showState();
    this.isSending = true;
    this.since = 0;
    this.show("saving", say("saving"));
    this.sending = this.send();
    await this.sending;
    return this.waiting.size && !this.failures ? this.flush() : undefined;
  }

  take() {
    const cells = [...this.waiting].slice(0, BATCH);
    for (const cell of cells) this.waiting.delete(cell);
    return cells.length ? cells.map((cell) => ({ cell, sent: sentOf(cell) })) : null;
  }

  async send() {
    try {
      const answer = await this.ask(this.batch.map(({ sent }) => sent));
      const batch = this.batch;
      this.batch = null;
      this.failures = 0;
      this.isSending = false;
      this.learn(batch, answer);
    } catch (error) {
      this.isSending = false;
      if (error instanceof Never) this.stop(error.message);
      else if (error instanceof Later) {
        this.failures += 1;
        this.show("failed", error.message);
        this.plan();
      } else throw error;
    }
  }

  async ask(changes) {
    let response;
    try {
      response = await post(this.url, JSON.stringify({ changes }), { "Content-Type": "application/json" });
    } catch {
      throw new Later(say("offline"));
    }
    if (response.redirected) throw new Later(say("signedOut"));
    if (response.status === 409 || response.status === 400) throw new Never((await response.json()).refusal);
    if (response.status === 403 || response.status === 404) throw new Never(say("forbidden"));
    if (!response.ok) throw new Later(say("serverFailed"));
    return response.json();
  }

  /** Nothing more can be saved here: say why and let nothing more be typed. */
  stop(sentence) {
    this.stopped = sentence;
    this.sheet.editable = false;
    this.show("failed", sentence);
    this.sheet.tell([]);
  }

  learn(batch, { cells, totals }) {
    const rows = new Set();
    batch.forEach(({ cell, sent }, place) => {
      this.learnCell(cell, sent, cells[place]);
      rows.add(cell.row);
    });
    for (const row of rows) row.total = totals[row.account] ?? row.total;
    this.sheet.tell(batch.map(({ cell }) => cell), rows);
    this.showState();
  }

  learnCell(cell, sent, answer) {
    const isUntouched = cell.text === sent.text && cell.remark === (sent.remark ?? cell.saved.remark);
    if (answer.conflict) {
      cell.rival = { ...answer, by: answer.conflict };
    } else if (answer.refusal) {
      if (isUntouched) cell.refusal = answer.refusal;
    } else {
      cell.version = answer.version;
      cell.saved = { text: answer.text, remark: answer.remark };
      if (isUntouched) {
        cell.text = answer.text;
        cell.remark = answer.remark;
        cell.points = answer.points === "" ? null : hundredths(answer.points);
      }
    }
  }

  /** Two people wrote into one cell; the person here decides. */
  settle(cell, useMine) {
    const { version, text, remark, points } = cell.rival;
    cell.rival = null;
    cell.version = version;
    cell.saved = { text, remark };
    if (!useMine) {
      cell.text = text;
      cell.remark = remark;
      cell.points = points === "" ? null : hundredths(points);
    }
    this.sheet.tell([cell]);
  }

  showState() {
    if (this.stopped) return;
    if (this.waiting.size) this.show("waiting", say("waiting", { n: this.waiting.size }));
    else if (this.sheet.wrong().length) this.show("partly", say("partly"));
    else this.show("saved", say("saved"));
  }
}

function sentOf(cell) {
  const sent = { account: cell.row.account, item: cell.column.item, text: cell.text, version: cell.version };
  if (cell.remark !== cell.saved.remark) sent.remark = cell.remark;
  return sent;
}
