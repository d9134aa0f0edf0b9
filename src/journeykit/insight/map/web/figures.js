// Key figures above the map, touchpoints and the emotion curve below it.
function cards(journey, plan, slice, other, names) {
  if (journey.kpis.length) return journey.kpis.map((kpi, number) => kpiCard(kpi, slice.kpis[number], other && other.kpis[number], names));
  const sum = (one, what) => one.steps.reduce((total, step) => total + (step ? step[what] : 0), 0);
  const counted = (one, keep) => plan.ways.reduce((total, way, number) => total + (keep(way) ? one.ways[number] : 0), 0);
  const figures = [
    ["entered", (one) => counted(one, (way) => way.from === null)],
    ["here at the end", (one) => sum(one, STILL)],
    [plan.ways.some((way) => way.well && way.end !== "completed") ? "reached or completed" : "completed", (one) => counted(one, (way) => way.well)],
    ["left before the end", (one) => counted(one, (way) => way.to === null && !way.well)],
  ];
  return figures.map(([name, count]) =>
    make("article", { class: "kpi" }, make("span", { class: "name" }, name), make("span", { class: "value" }, whole.format(count(slice))), other ? make("span", { class: "was" }, `${names[1]}: ${whole.format(count(other))} (${change(count(slice), count(other))})`) : null),
  );
}

function kpiCard(kpi, now, before, names) {
  const [value, said, met, counted, when] = now;
  const word = met === null ? (value === null ? "no figure" : "not over yet") : met ? "✓ met" : "✗ missed";
  return make(
    "article",
    { class: `kpi ${met === null ? "" : met ? "met" : "missed"}`, title: kpi.formula },
    make("span", { class: "of" }, when ? `${kpi.group}, ${when}` : kpi.group),
    make("span", { class: "name" }, kpi.name),
    make("span", { class: "value" }, said),
    spark(kpi),
    make("span", { class: "aim" }, `${kpi.target}: `, make("b", {}, word), counted && met !== null ? ` (${counted})` : ""),
    before ? make("span", { class: "was" }, `${before[4] || names[1]}: ${before[1]}${value !== null && before[0] !== null ? ` (${change(value, before[0])})` : ""}`) : null,
    make("span", { class: "was" }, `${kpi.owner}, ${kpi.rhythm}`),
  );
}

function spark(kpi) {
  const known = kpi.trend.map((one, place) => [place, one[1]]).filter((one) => one[1] !== null);
  if (known.length < 2) return make("span");
  const values = [...known.map((one) => one[1]), kpi.value];
  const low = Math.min(...values), high = Math.max(...values), y = (value) => 30 - (26 * (value - low)) / (high - low || 1);
  const x = (place) => 3 + (86 * place) / Math.max(1, kpi.trend.length - 1);
  const said = kpi.trend.map((one) => `${one[0]} ${one[2]}`).join(", ");
  return make(
    "svg",
    { class: "spark", viewBox: "0 0 92 34", role: "img", "aria-label": `Trend: ${said}` },
    make("title", {}, said),
    make("line", { class: "aim-line", x1: 0, x2: 92, y1: y(kpi.value), y2: y(kpi.value) }),
    make("path", { class: "line", d: known.map(([place, value], n) => `${n ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join("") }),
    make("circle", { cx: x(known.at(-1)[0]), cy: y(known.at(-1)[1]), r: 3.2 }),
  );
}

const felt = (feeling) => (Math.abs(feeling) < 0.05 ? "0" : `${feeling > 0 ? "+" : "−"}${Math.abs(feeling).toFixed(1)}`);

function touchpoints(journey, plan, slice) {
  const outside = plan.stages.includes("") ? "" : "outside the journey";
  const points = slice.touch.map(([number, count, reach, feeling, said]) => {
    const [name, channel, stage] = journey.touchpoints[number];
    return { name, channel, stage: stage || outside, count, reach, feeling, said };
  });
  const stages = [...new Set([...plan.stages, ...points.map((one) => one.stage)])].filter((stage) => points.some((one) => one.stage === stage));
  return { points, stages };
}

function channels({ points, stages }) {
  if (!points.length) return [make("caption", { class: "empty" }, "Nothing that happened in this period touched a customer.")];
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Channel"), ...stages.map((stage) => make("th", { scope: "col" }, stage || "no stage"))));
  const cell = (channel, stage) => make("td", {}, ...points.filter((one) => one.channel === channel && one.stage === stage).map(point));
  const rows = [...new Set(points.map((one) => one.channel))].map((channel) => make("tr", {}, make("th", { scope: "row" }, channel), ...stages.map((stage) => cell(channel, stage))));
  return [head, make("tbody", {}, ...rows)];
}

function point(one) {
  const times = one.reach ? (one.count / one.reach).toFixed(1) : "", often = times === "" || one.reach === 1 ? "" : times === "1.0" ? " · once each" : ` · ${times} times each`;
  return make("span", { class: "point" }, one.name, make("small", {}, `${short(one.reach)} customer${one.reach === 1 ? "" : "s"}${one.reach === 1 && one.count > 1 ? ` · ${short(one.count)} times` : ""}${often}${one.feeling === null ? "" : ` · felt ${felt(one.feeling)}`}`));
}

function mood({ points, stages }, plan) {
  const known = stages.flatMap((stage) => points.filter((one) => one.stage === stage && one.feeling !== null));
  if (!known.length) return make("p", { class: "empty" }, "Nobody said how they felt: there are no ratings, NPS, CSAT answers or complaints in this period.");
  const room = document.getElementById("mood").clientWidth || 560;
  const step = Math.max(84, Math.min(128, (room - 64) / known.length)), width = 64 + step * known.length, y = (feeling) => 80 - 58 * feeling, x = (place) => 64 + step * (place + 0.5);
  const drawn = make("svg", { class: "mood", viewBox: `0 0 ${width} 228`, width, height: 228, role: "img", "aria-label": known.map((one) => `${one.name}: ${felt(one.feeling)}, ${one.said} said so`).join("; ") });
  for (const [word, feeling] of [["glad", 1], ["neutral", 0], ["cross", -1]]) drawn.append(make("text", { x: 0, y: y(feeling) + 4 }, word), make("line", { class: "zero", x1: 52, x2: width, y1: y(feeling), y2: y(feeling) }));
  drawn.append(make("path", { class: "curve", d: known.map((one, place) => `${place ? "L" : "M"}${x(place)} ${y(one.feeling)}`).join("") }));
  known.forEach((one, place) => {
    drawn.append(make("circle", { class: "dot", cx: x(place), cy: y(one.feeling), r: 5 }), make("text", { class: "felt", x: x(place), y: y(one.feeling) + (one.feeling > 0.6 ? 20 : -11), "text-anchor": "middle" }, felt(one.feeling)));
    const lines = broken(one.name, Math.floor(step / 6.6));
    lines.forEach((line, number) => drawn.append(make("text", { x: x(place), y: 162 + 14 * number, "text-anchor": "middle" }, line)));
    drawn.append(make("text", { x: x(place), y: 162 + 14 * lines.length, "text-anchor": "middle" }, `${short(one.said)} said`));
    drawn.append(make("rect", { class: `band lane-${Math.max(0, plan.stages.indexOf(one.stage)) % 7}`, x: x(place) - step / 2 + 4, y: 144, width: step - 8, height: 3, rx: 1.5 }));
  });
  return drawn;
}

function broken(text, most) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    if (`${lines.at(-1)} ${word}`.trim().length <= most) lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
    else lines.push(word);
  }
  return lines.filter(Boolean).slice(0, 3).map((line) => (line.length > most ? `${line.slice(0, most - 1)}…` : line));
}
