// Filling the numbers of a slice into a map that is drawn already.
const STILL = 5, MEDIAN = 6;

function fill(svg, plan, slice, other, scale) {
  for (const way of svg.querySelectorAll("g.way")) fillWay(way, plan, slice, scale);
  for (const number of svg.querySelectorAll("[data-number]")) {
    const count = slice.ways[number.dataset.number];
    number.textContent = count ? short(count) : "";
    look(number, plan.ways[number.dataset.number], count);
  }
  const most = Math.max(1, ...slice.ways);
  for (const end of svg.querySelectorAll("g.end")) fillEnd(end, plan, slice, most);
  for (const step of svg.querySelectorAll("g.step")) fillStep(step, plan, slice, other);
  for (const lane of svg.querySelectorAll("[data-lane]")) {
    const stage = plan.stages[lane.dataset.lane];
    lane.textContent = `${short(sumOf(plan, slice, stage, STILL))} here`;
  }
}

function fillWay(group, plan, slice, scale) {
  const way = plan.ways[group.dataset.way], count = slice.ways[group.dataset.way];
  group.querySelector(".flow").setAttribute("stroke-width", Math.max(count * scale, way.designed ? 1.2 : 3).toFixed(1));
  group.querySelector("title").textContent = wayInWords(way, count);
  look(group, way, count);
}

function fillEnd(group, plan, slice, most) {
  const ways = group.dataset.ways.split(" ");
  const count = ways.reduce((sum, way) => sum + slice.ways[way], 0);
  const share = group.querySelector(".share");
  share.setAttribute("width", ((share.dataset.full * count) / most).toFixed(1));
  group.querySelector(".count").textContent = short(count);
  if (ways.length === 1) group.querySelector("title").textContent = wayInWords(plan.ways[ways[0]], count);
  look(group, plan.ways[ways[0]], count);
}

function fillStep(group, plan, slice, other) {
  const number = group.dataset.step, step = slice.steps[number], before = other && other.steps[number];
  const here = step ? step[STILL] : 0;
  const more = other ? change(here, before ? before[STILL] : 0) : "";
  group.querySelector("[data-here]").textContent = `${short(here)} here${more && more !== "same" ? ` ${more === "about the same" ? "" : more}` : ""}`;
  group.querySelector("[data-pace]").textContent = step && step[MEDIAN] !== null ? (Math.round(step[MEDIAN]) ? `median ${lasting(step[MEDIAN])}` : "passed at once") : "";
  group.setAttribute("aria-label", `${plan.steps[number].name}: ${whole.format(here)} here`);
}

function look(element, way, count) {
  element.classList.toggle("undesigned", !way.designed);
  element.classList.toggle("used", way.designed && count > 0);
  element.classList.toggle("unused", count === 0);
}

function sumOf(plan, slice, stage, what) {
  return plan.steps.reduce((sum, step, number) => sum + (step.stage === stage && slice.steps[number] ? slice.steps[number][what] : 0), 0);
}

// The table says everything that the map says, for readers of any kind and for narrow screens.
function table(plan, slice, other, open) {
  const words = ["Came in", "Here at the end", "Went on", "Ended", "Median stay"];
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Step"), ...words.map((word) => make("th", { scope: "col", class: "n" }, word)), make("th", { scope: "col" }, "Where to")));
  const bodies = plan.stages.map((stage, lane) => {
    const rows = plan.steps.map((step, number) => [step, number]).filter(([step]) => step.stage === stage);
    const first = make("tr", { class: `stage-row lane-${lane % 7}` }, make("th", { scope: "rowgroup", colspan: 7 }, `${stage || "no stage"} (${whole.format(sumOf(plan, slice, stage, STILL))} here)`));
    return make("tbody", {}, first, ...rows.map(([step, number]) => row(plan, slice, other, step, number, lane, open, words)));
  });
  return [head, ...bodies];
}

function row(plan, slice, other, step, number, lane, open, words) {
  const most = Math.max(1, ...slice.steps.map((one) => (one ? one[0] + one[1] : 0)));
  const now = slice.steps[number] || [0, 0, 0, 0, 0, 0, null], before = other && (other.steps[number] || [0, 0, 0, 0, 0, 0, null]);
  const cell = (place, what, show) => {
    const was = before && before[what] !== null ? make("span", { class: "was" }, ` (${show(before[what])})`) : null;
    return make("td", { class: "n", "data-word": words[place] }, show(now[what]), was);
  };
  const meter = make("span", { class: "meter" }, make("i"));
  meter.firstChild.style.width = `${(100 * (now[0] + now[1])) / most}%`;
  const name = make("th", { scope: "row" }, make("button", { type: "button", class: "link", "data-open": number, click: () => open(number) }, step.name), step.former ? make("span", { class: "was" }, " (older version)") : null, meter);
  const ways = plan.ways.map((way, index) => [way, slice.ways[index]]).filter(([way, count]) => way.from === step.name && count).sort((a, b) => b[1] - a[1]);
  const said = ways.flatMap(([way, count], place) => [place ? ", " : "", make("b", {}, whole.format(count)), ` ${way.to === null ? (way.end === "completed" ? "completed" : `${way.well ? "reached" : "left"}: ${way.end}`) : way.to === way.from ? "again" : way.to}${way.designed ? "" : " (not designed)"}`]);
  return make("tr", { class: `lane-${lane % 7}` }, name, cell(0, 1, whole.format), cell(1, STILL, whole.format), cell(2, 3, whole.format), cell(3, 4, whole.format), cell(4, MEDIAN, staying), make("td", { class: "ways" }, ...said));
}
