// What is chosen, and showing it.
const DATA = JSON.parse(document.getElementById("data").textContent);
const form = document.getElementById("choices"), panelBox = document.getElementById("panel");
const chosen = { journey: 0, filter: 0, period: 0, other: "" };
let opener = null, opened = null;

const options = (select, names, value) => select.replaceChildren(...names.map(([key, name]) => make("option", { value: key, selected: String(key) === String(value) }, name)));
const put = (id, ...inside) => document.getElementById(id).replaceChildren(...inside);

function choose() {
  const journey = DATA.journeys[chosen.journey];
  options(form.elements.journey, DATA.journeys.map((one, number) => [number, one.name]), chosen.journey);
  options(form.elements.filter, journey ? journey.filters.map((one, number) => [number, one.label]) : [], chosen.filter);
  options(form.elements.period, DATA.periods.map((one, number) => [number, one.label]), chosen.period);
  options(form.elements.other, [["", "nothing"], ...DATA.periods.map((one, number) => [number, one.label])], chosen.other);
  document.getElementById("pick-journey").hidden = DATA.journeys.length < 2;
}

function show() {
  const journey = DATA.journeys[chosen.journey];
  if (!journey) return nothing();
  const slice = journey.slices[`${chosen.filter},${chosen.period}`];
  const other = chosen.other === "" ? null : journey.slices[`${chosen.filter},${chosen.other}`];
  const number = journey.filters[chosen.filter].map, plan = journey.maps[number];
  const names = [DATA.periods[chosen.period].label, chosen.other === "" ? "" : DATA.periods[chosen.other].label];
  document.title = `${journey.name}: journey map`;
  put("title", journey.name);
  put("about", `${DATA.periods[chosen.period].days} · ${journey.filters[chosen.filter].label}${journey.goal ? ` · goal: ${journey.goal}` : ""} · made on ${DATA.at}, days of ${DATA.zone}`);
  put("kpis", ...cards(journey, plan, slice, other, names));
  document.querySelector("[data-csv=kpis]").hidden = !journey.kpis.length;
  charts(plan, number, slice, other, names);
  put("table", ...table(plan, slice, other, (step) => open(step)));
  unused(plan, slice);
  const touched = touchpoints(journey, plan, slice);
  explain();
  put("touch", ...channels(touched));
  document.getElementById("moments").classList.toggle("quiet", touched.points.every((one) => one.feeling === null));
  put("mood", mood(touched, plan));
  put("foot", `${DATA["left out"] ? `${DATA["left out"]} more journeys are not on this page. ` : ""}${other ? `In brackets and beside: ${names[1]}. ` : ""}${journey.kpis.length ? "" : "No KPIs are declared for this journey; insight.yaml says what they are. "}${DATA["as of now"].length ? `No journey waits for ${DATA["as of now"].length === 1 ? "the segment" : "the segments"} ${DATA["as of now"].join(", ")}, so the history does not say who was inside when: “as it is now” is who is inside now, at all times. ` : ""}${touched.points.some((one) => one.feeling !== null) ? "Feelings run from −1 (cross) to +1 (glad). " : ""}${DATA.personal ? "This page holds customers' ids and what they said: handle it as such." : "Customers are numbered; the page holds no personal data."}`);
}

function charts(plan, number, slice, other, names) {
  for (const copy of document.querySelectorAll(".chart.copy")) copy.remove();
  const scale = other ? Math.min(slice.scale || Infinity, other.scale || Infinity) : slice.scale;
  for (const chart of document.querySelectorAll(".chart")) {
    chart.hidden = chart.dataset.journey !== String(chosen.journey) || chart.dataset.map !== String(number);
    if (chart.hidden) continue;
    chart.querySelector("figcaption").textContent = other ? names[0] : "";
    const fitting = Number.isFinite(scale) ? scale : 0;
    fill(chart.querySelector("svg.map"), plan, slice, other, fitting);
    if (other) beside(chart, plan, other, names[1], fitting);
  }
}

// Only signs that stand on the map are explained.
const SIGNS = { unused: ".way.unused:not(.undesigned)", undesigned: ".undesigned:not(.unused)", back: ".way.back.used", exit: ".end.exit", completed: ".end.completed" };
function explain() {
  const shown = [...document.querySelectorAll(".chart:not([hidden])")];
  for (const item of document.querySelectorAll(".legend [data-sign]")) item.hidden = !shown.some((chart) => chart.querySelector(SIGNS[item.dataset.sign]));
}

// As wide as there is room, but never so small that it cannot be read, nor so large that it shouts.
for (const drawn of document.querySelectorAll("svg.map")) {
  drawn.style.minWidth = matchMedia("(max-width: 760px)").matches ? "" : `${0.84 * drawn.getAttribute("width")}px`;
  drawn.style.maxWidth = matchMedia("(max-width: 760px)").matches ? "" : `${1.12 * drawn.getAttribute("width")}px`;
}

function beside(chart, plan, other, name, scale) {
  const copy = chart.cloneNode(true);
  copy.classList.add("copy");
  copy.querySelector("figcaption").textContent = name;
  for (const part of copy.querySelectorAll("[id]")) part.removeAttribute("id");
  fill(copy.querySelector("svg.map"), plan, other, null, scale);
  chart.after(copy);
}

function unused(plan, slice) {
  const none = plan.ways.filter((way, number) => way.designed && !slice.ways[number]).map((way) => wayInWords(way, 0).replace(/: 0(?= |$)/, ""));
  const all = [...none, ...plan.unused], box = document.getElementById("unused");
  box.hidden = !all.length;
  box.querySelector("summary").textContent = `${all.length} designed way${all.length === 1 ? "" : "s"} that nobody took`;
  box.querySelector("ul").replaceChildren(...all.map((one) => make("li", {}, one)));
}

function nothing() {
  put("title", "No journey yet");
  put("about", "No customer has entered a journey, and no definition was given.");
  document.querySelector("[data-csv=kpis]").hidden = true;
  for (const id of ["maps", "steps", "moments"]) document.getElementById(id).hidden = true;
}

function open(number, from) {
  const journey = DATA.journeys[chosen.journey];
  const slice = journey.slices[`${chosen.filter},${chosen.period}`];
  opener = from || document.activeElement;
  opened = number;
  panelBox.replaceChildren(...panel(journey, journey.maps[journey.filters[chosen.filter].map], slice, moment(journey), number, shut));
  panelBox.hidden = false;
  panelBox.scrollTop = 0;
  mark();
  panelBox.querySelector(".close").focus();
}

// Of which period and of whom the panel tells.
function moment(journey) {
  const { label, over } = DATA.periods[chosen.period], { filter, period } = chosen;
  return { period, slice: `${filter},${period}`, mark: 1 << filter, label, over, during: period ? ` in ${label}` : "", whose: filter ? `, ${journey.filters[filter].label}` : "" };
}

function shut() {
  panelBox.hidden = true;
  opened = null;
  mark();
  if (opener && opener.isConnected) opener.focus();
}

function mark() {
  for (const step of document.querySelectorAll("g.step")) step.classList.toggle("chosen", step.dataset.step === String(opened));
}

form.addEventListener("change", (event) => {
  const value = event.target.value;
  chosen[event.target.name] = value === "" ? "" : Number(value);
  if (event.target.name === "journey") chosen.filter = 0;
  if (!panelBox.hidden) shut();
  choose();
  show();
});
document.addEventListener("click", (event) => {
  const name = event.target.dataset.csv, journey = DATA.journeys[chosen.journey];
  if (!name) return;
  const periods = chosen.other === "" || chosen.other === chosen.period ? [chosen.period] : [chosen.period, chosen.other];
  download(fileName(journey.name, name, ...periods.map((one) => DATA.periods[one].label), chosen.filter ? journey.filters[chosen.filter].label : ""), sheet(name, journey, chosen.filter, periods));
});
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("charts").addEventListener("click", (event) => {
  const step = event.target.closest("g.step");
  if (step) open(step.dataset.step, step);
});
document.getElementById("charts").addEventListener("keydown", (event) => {
  const step = event.target.closest("g.step");
  if (step && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    open(step.dataset.step, step);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panelBox.hidden) shut();
});
const theme = document.getElementById("theme"), maps = document.getElementById("maps"), asMap = document.getElementById("as-map");
let dark = matchMedia("(prefers-color-scheme: dark)").matches;
function paint() {
  theme.textContent = dark ? "Light" : "Dark";
  theme.setAttribute("aria-pressed", String(dark));
}
theme.addEventListener("click", () => {
  dark = !dark;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  paint();
});
asMap.addEventListener("click", () => {
  const wide = maps.classList.toggle("open");
  asMap.textContent = wide ? "Hide the map" : "Show the map";
  asMap.setAttribute("aria-pressed", String(wide));
});
paint();
choose();
show();
