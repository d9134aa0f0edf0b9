// Numbers as people read them; the same as journeykit.insight.map.lettering writes on a map.
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

function short(number) {
  if (number < 10000) return whole.format(number);
  for (const [sign, size] of [["k", 1e3], ["M", 1e6], ["G", 1e9]]) {
    if (number < size * 999.5) {
      const value = number / size;
      return (value < 99.95 ? value.toFixed(1) : value.toFixed(0)) + sign;
    }
  }
  return (number / 1e12).toFixed(1) + "T";
}

function lasting(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  for (const [name, size] of [["year", 31557600], ["month", 2629800], ["day", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= size) {
      const value = seconds / size;
      const number = value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0);
      return `${number} ${name}${["year", "month", "day"].includes(name) && number !== "1" ? "s" : ""}`;
    }
  }
  return `${seconds.toFixed(0)} s`;
}

const staying = (seconds) => (seconds !== null && Math.round(seconds) === 0 ? "at once" : lasting(seconds));

// How much more, or less, than before: "+12%", "same", "new".
function change(now, before) {
  if (before === null || before === undefined || now === null || now === undefined) return "";
  if (now === before) return "same";
  if (!before) return "new";
  const share = Math.round((100 * (now - before)) / before);
  return share === 0 ? "about the same" : `${share > 0 ? "+" : "−"}${whole.format(Math.abs(share))}%`;
}

// An element with what stands in it; text is always text, never markup.
function make(name, attributes = {}, ...inside) {
  const drawn = ["svg", "path", "circle", "text", "line", "rect", "g", "title"].includes(name) && attributes.svg !== false;
  const made = drawn ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "svg" || value === null || value === undefined || value === false) continue;
    if (key === "click") made.addEventListener("click", value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

function wayInWords(way, count) {
  const said = way.from === null ? `entered ${way.to}` : way.to === null ? `${way.from}: ${way.end}` : way.from === way.to ? `${way.from} again` : `${way.from} to ${way.to}`;
  return `${said}: ${whole.format(count)}${way.designed ? "" : ", a way that nobody designed"}${way.causes.length ? ` (${way.causes.join("; ")})` : ""}`;
}
