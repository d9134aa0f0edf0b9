// The tables that are shown, to take away: CSV of RFC 4180 in UTF-8, with the columns of `journeykit report --format csv` where it has them.
const SLICE = ["period", "begin", "end", "journey", "segment", "version"];
const BECAME = ["there_before", "arrived", "customers", "moved", "left", "still", "median_seconds"];
const SHEETS = {
  kpis: { columns: ["measure", "owner", "rhythm", "figure", "unit", "count", "of", "bound", "target", "standing"], rows: kpiRows },
  ways: { columns: ["source", "target", "reason", "designed", "cause", "count"], rows: wayRows },
  steps: { columns: ["stage", "step", ...BECAME], rows: stepRows },
  touchpoints: { columns: ["name", "channel", "stage", "count", "reach", "frequency", "feeling", "said"], rows: touchRows },
};

function kpiRows(journey, plan, slice) {
  return journey.kpis.map((kpi, number) => {
    const [value, , met, , , count, of] = slice.kpis[number];
    return [kpi.name, kpi.owner, kpi.rhythm, value, kpi.unit, count, of, kpi.bound, kpi.value, met === null ? "unknown" : met ? "met" : "missed"];
  });
}

function wayRows(journey, plan, slice) {
  return plan.ways.map((way, number) => [way.from, way.to, way.end, way.designed ? "yes" : "no", way.causes.join("; "), slice.ways[number]]);
}

function stepRows(journey, plan, slice) {
  return plan.steps.map((step, number) => [step.stage, step.name, ...(slice.steps[number] || [0, 0, 0, 0, 0, 0, null])]);
}

function touchRows(journey, plan, slice) {
  return slice.touch.map(([number, count, reach, feeling, said]) => [...journey.touchpoints[number], count, reach, reach ? count / reach : 0, feeling, said]);
}

// Text that a spreadsheet would work out stands behind an apostrophe; the signs are those of journeykit.insight.cells.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  return `"${(/^ *[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
}

// One table of a journey, in each of *periods*: the numbers of its slices for one filter.
function sheet(name, journey, filter, periods) {
  const { columns, rows } = SHEETS[name], { segment, version, map } = journey.filters[filter];
  const told = periods.flatMap((period) =>
    rows(journey, journey.maps[map], journey.slices[`${filter},${period}`]).map((row, number) => {
      const kpi = name === "kpis" && period === 0 ? journey.kpis[number] : null; // of all time a KPI tells the last period that is over
      const { label, begin, end } = kpi ? kpi.over : DATA.periods[period];
      return [label, begin, end, journey.name, segment, version, ...row];
    }),
  );
  return [[...SLICE, ...columns], ...told].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function download(name, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // some browsers begin to read it later
}

const fileName = (...words) => `${words.filter(Boolean).join(" ").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 120).replace(/^-|-$/g, "")}.csv`;
