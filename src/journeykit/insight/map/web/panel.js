// What a click on a step opens: who is there, for how long, what they last did, and one of them from the beginning.
function panel(journey, plan, slice, when, number, close) {
  const step = plan.steps[number], now = slice.steps[number] || [0, 0, 0, 0, 0, 0, null];
  const fact = (word, said) => make("div", {}, make("dt", {}, word), make("dd", {}, said));
  const ways = (keep, name) => {
    const found = plan.ways.map((way, index) => [way, slice.ways[index]]).filter(([way, count]) => count && keep(way)).sort((a, b) => b[1] - a[1]);
    return found.length ? [make("h3", {}, name), make("ul", {}, ...found.map(([way, count]) => make("li", {}, wayInWords(way, count))))] : [];
  };
  const notes = step.notes.map(([kind, text]) => (kind === "wait" ? `waits: ${text}` : `does: ${text}`));
  return [
    make("button", { type: "button", class: "close", click: close }, "Close"),
    make("h2", { id: "panel-title" }, step.name),
    make("p", { class: "sub" }, [step.stage, ...step.scopes.map((scope) => `in ${scope}`), ...notes].filter(Boolean).join(" · ")),
    make("dl", { class: "facts" }, fact("Stood there before", whole.format(now[0])), fact("Came in", whole.format(now[1])), fact("Customers", whole.format(now[2])), fact("Went on", whole.format(now[3])), fact("Ended", whole.format(now[4])), fact("Here at the end", whole.format(now[STILL])), fact("Median stay", staying(now[MEDIAN]))),
    ...ways((way) => way.to === step.name && way.from !== step.name, "Where they come from"),
    ...ways((way) => way.from === step.name, "Where they go"),
    ...lost((journey.lost[when.slice] || []).filter(([way]) => journey.losses[way][0] === step.name), journey, when),
    ...present(journey, (journey.there[when.period] || {})[indexIn(journey, step.name)], now[STILL], when),
  ];
}

function lost(ways, journey, when) {
  if (!ways.length) return [];
  const said = ways.map(([way, customers]) => {
    const [, reason, last] = journey.losses[way];
    return make("li", {}, `${whole.format(customers)} ${reason}${last === null ? "" : `, after ${last}`}`);
  });
  return [make("h3", {}, `Lost here${when.during}, and what happened last${when.whose}`), make("ul", {}, ...said)];
}

// Who is there is listed by the steps of the map that is drawn first.
function indexIn(journey, name) {
  return journey.maps[0].steps.findIndex((step) => step.name === name);
}

// Everybody who is listed stands there once, with marks of the filters that they belong to.
function present(journey, there, number, when) {
  const heading = (when.over ? `Who was there when ${when.label} ended` : "Who is there now") + when.whose;
  const listed = there ? there.who.filter((one) => one[4] & when.mark) : [];
  if (!listed.length) return [make("h3", {}, heading), make("p", { class: "empty" }, "Nobody.")];
  const head = make("thead", {}, make("tr", {}, ...["Who", "For", "Last did"].map((word) => make("th", { scope: "col" }, word))));
  const rows = listed.map(([who, since, last, ago]) => make("tr", {}, make("td", {}, who), make("td", {}, since === null ? "longer than the history" : lasting(since)), make("td", {}, last === null ? "nothing" : `${last}, ${lasting(ago)} ago`)));
  const some = listed.length < number ? `The ${listed.length} who have been there longest, of ${whole.format(number)}.` : "The longest first.";
  const found = [make("h3", {}, heading), make("p", { class: "sub" }, some), make("table", {}, head, make("tbody", {}, ...rows))];
  const example = there.examples.find(([who]) => there.who[who][4] & when.mark);
  if (!example) return found;
  const [who, timeline, lines] = example;
  found.push(make("h3", {}, `How ${there.who[who][0]} came here`), make("ol", { class: "told" }, ...journey.timelines[timeline].slice(0, lines).map(([when, kind, text]) => make("li", { class: kind.replace(/\W+/g, "-") }, make("time", {}, when), make("b", {}, text)))));
  return found;
}
