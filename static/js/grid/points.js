/* What a typed text is worth, as far as that is simple. The server decides; this only answers at once.
   Amounts are whole hundredths of a point. */

const BLANKS = new Set(["", "-", "—", "——", "/", "无"]);
const NUMBER = /^[+-]?\d{1,7}(\.\d{1,2})?$/;
const COUNTERS = "次分篇个场项人天件";

/** Full-width forms to plain ones; signs for "nothing" become the empty text (scoring/calculation/cells.py). */
export function tidy(text) {
  const plain = text.normalize("NFKC").replace(/[−–﹣－]/g, "-").replace(/。/g, ".").trim();
  return BLANKS.has(plain) ? "" : plain;
}

/** "−2.5" → -250; NaN when it is no number of at most two decimals. */
export function hundredths(text) {
  const plain = text.replace("−", "-");
  return NUMBER.test(plain) ? Math.round(Number(plain) * 100) : NaN;
}

/** -250 → "−2.5" */
export function show(amount) {
  const size = String(Math.abs(amount) / 100);
  return amount < 0 ? `−${size}` : size;
}

/** One decimal, half away from zero, as the server rounds means. */
export function mean(amounts) {
  if (!amounts.length) return "";
  const sum = amounts.reduce((a, b) => a + b, 0);
  const whole = Math.floor((2 * Math.abs(sum) + amounts.length) / (2 * amounts.length));
  const tenth = Math.floor((whole + 5) / 10) * 10;
  return show(sum < 0 ? -tenth : tenth);
}

function withoutCounter(column, text) {
  for (const label of [column.unit, "小时", ...COUNTERS]) {
    if (label && text.endsWith(label)) return text.slice(0, -label.length).trim();
  }
  return text;
}

function level(column, text) {
  const found = column.levels.find(([name]) => name === text);
  return found ? hundredths(found[1]) : NaN;
}

function times(column, text) {
  const quantity = hundredths(withoutCounter(column, text));
  if (quantity < 0 && !column.deduction) return NaN;
  return Math.round((Math.abs(quantity) * hundredths(column.rate)) / 100);
}

function range(column, text) {
  let chosen = hundredths(text.replace(/分$/, "").trim());
  if (column.deduction && chosen > 0) chosen = -chosen;
  const fits = chosen >= hundredths(column.least) && chosen <= hundredths(column.most);
  return fits ? chosen : NaN;
}

const PRICING = { level, times, range };

/** Points in hundredths; null for an empty text or where only the server can tell; NaN for a text that cannot stand. */
export function ownPoints(column, text) {
  const plain = tidy(text);
  const price = PRICING[column.pricing];
  return plain && price ? price(column, plain) : null;
}
