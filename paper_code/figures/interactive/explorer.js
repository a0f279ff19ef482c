const { get, data, bytes, signed, minus, scaled, whole, raster, plane, colourBar, say, tell, element, show, slider,
  onResize, onAddress } = figureTools("cell-explorer");
const fields = signed(data.fields), maps = signed(data.maps), bars = bytes(data.bars);
const { side, half, ticks, turns, cells, ink, accent } = data;
const wide = ticks.length, step = ticks[1] - ticks[0], reach = ticks[wide - 1] + step / 2;
const excites = data.shades[data.shades.length - 3], inhibits = data.shades[2];
const byNumber = new Map(cells.map((cell, place) => [cell.id, place]));
let chosen = 0;

const fieldOf = (place) => raster(side, scaled(fields, place * side * side, side * side));
const radians = (angle) => angle * Math.PI / 180;
const short = (cell) => "cell " + cell.id + (cell.oriented ? ", bars at " + cell.theta + "°" : ", without an orientation");

function about(cell) {
  if (!cell.oriented) {
    const why = cell.bound ? "its fit stopped at a bound of its parameters" : "its fit is no better than that of smooth random fields (" + data.null.toFixed(2) + ")";
    return "Cell " + cell.id + " of seed " + data.seed + ". No orientation: Gabor R² " + minus(cell.r2, 2) + ", and " + why + ". Without an axis it has no frame of its own; its strongest sources are shown all the same.";
  }
  const even = Math.cos(radians(cell.phase));
  const shape = even > 0.75 ? "a bright bar" : even < -0.75 ? "a dark bar" : Math.abs(even) < 0.35 ? "an edge" : "between a bar and an edge";
  return "Cell " + cell.id + " of seed " + data.seed + ". Bars at " + cell.theta + "° from the horizontal; one period in " + cell.period.toFixed(1) + " px (" + cell.frequency.toFixed(3) +
    " cycles per px); phase " + minus(cell.phase, 0) + "° at its centre: " + shape + ". Gabor R² " + cell.r2.toFixed(2) + " (95 % of smooth random fields stay below " + data.null.toFixed(2) + ").";
}

function drawField(cell) {
  const sheet = plane(get("field"), [-side / 2, side / 2]);
  sheet.put(fieldOf(chosen), side);
  if (cell.oriented) {
    sheet.ellipse(cell.x, cell.y, data.reach * cell.long, data.reach * cell.wide, radians(cell.theta), 1.2, ink, [5, 4]);
    sheet.bar(cell.x, cell.y, radians(cell.theta), 2 * cell.long, 2.5, ink);
  }
  get("field").setAttribute("aria-label", "Receptive field of " + short(cell));
}

function drawNothing(part, label) {
  say(get(part), "no orientation,", "no frame of its own");
  tell(part, label, "");
}

function drawMap(cell) {
  const like = get("like").checked, blind = get("blind").checked, turn = Number(get("turn").value);
  const angle = minus(turns[turn], 0) + "°", name = like ? "like orientation" : "turn " + angle;
  show("turn", turn, angle);
  get("scale").style.visibility = cell.oriented ? "" : "hidden";
  if (!cell.oriented) return drawNothing("map", "No map: " + short(cell));
  const sheet = plane(get("map"), [-reach, reach]), which = like ? 0 : turn + 1, count = cell.behind[which];
  const values = scaled(maps, ((chosen * 2 + (blind ? 1 : 0)) * (turns.length + 1) + which) * half, half);
  sheet.put(raster(wide, whole(values)), 2 * reach);
  sheet.bar(0, 0, 0, 3, 2.5, ink);
  if (!like) sheet.bar(-0.72 * reach, 0.72 * reach, radians(turns[turn]), 3, 3, accent);
  sheet.axes([-6, 6], " px", "along its bars", "across");
  colourBar(get("scale"), -1, [[0, minus(-cell.scale, 1)], [0.5, "0"], [1, cell.scale.toFixed(1) + " sd of K"]]);
  tell("map", "Map of K around " + short(cell) + ", " + name + (blind ? ", blind to phase" : ""),
    (blind ? "Mean of K" : "Coefficient of cos Φ") + " from " + count + (count === 1 ? " source" : " sources") + " of " + name +
    (like ? "" : ", within 15° (red bar)") + ". Black bar: the chosen cell. Grey: no source there." +
    (count < 4 ? " With so few sources, single kernels show." : ""));
}

function drawBars(cell) {
  if (!cell.oriented) return drawNothing("bars", "No association field: " + short(cell));
  const sheet = plane(get("bars"), [-reach, reach]);
  const angle = whole(Array.from(bars.subarray(2 * chosen * half, (2 * chosen + 1) * half), (value) => value * Math.PI / 256));
  const strength = whole(Array.from(bars.subarray((2 * chosen + 1) * half, (2 * chosen + 2) * half), (value) => value / 255));
  strength.forEach((weight, index) => {
    const x = ticks[index % wide], y = -ticks[Math.floor(index / wide)];
    if (weight > 0) sheet.bar(x, y, angle[index], step * (0.25 + 0.65 * weight), 2, ink, 0.12 + 0.88 * weight);
  });
  sheet.bar(0, 0, 0, 3, 3.5, accent);
  sheet.axes([-6, 6], " px", "along its bars", "across");
  tell("bars", "Preferred turns of the sources of " + short(cell),
    "At each place the turn of the sources with the greatest coefficient; longer and darker: greater. Red: the chosen cell.");
}

function drawSources(cell) {
  const room = get("sources");
  const around = side / 2 - 1.5 + Math.max(...cell.strong.map(([, x, y]) => Math.max(Math.abs(x), Math.abs(y))));
  room.replaceChildren();
  for (const [id, x, y, weight] of cell.strong) {
    const place = byNumber.get(id), canvas = element("canvas", { className: "fg-square" }), button = element("button", { type: "button" });
    button.style.borderColor = weight > 0 ? excites : inhibits;
    const lines = [(weight < 0 ? "" : "+") + minus(weight, 1), "cell " + id];
    button.append(canvas, ...lines.map((text) => element("span", { textContent: text })));
    button.setAttribute("aria-label", (weight > 0 ? "Excited by " : "Inhibited by ") + short(cells[place]) + ", " +
      x + " px right and " + y + " px up, weight " + weight.toFixed(1));
    button.addEventListener("click", () => choose(place, { preventScroll: false }));
    room.append(button);
    const sheet = plane(canvas, [-around, around]);
    sheet.put(fieldOf(place), side, side, x, y);
    if (cell.oriented) sheet.bar(cell.x, cell.y, radians(cell.theta), 2.4 * cell.long, 1.8, ink);
    else sheet.dot(cell.x, cell.y, 3, ink);
  }
}

function draw() {
  for (const panel of [drawField, drawMap, drawBars, drawSources]) panel(cells[chosen]);
}

const bank = get("bank");
const options = cells.map((cell, place) => {
  const canvas = fieldOf(place);
  canvas.id = "cell-explorer-cell-" + cell.id;
  canvas.className = cell.oriented ? "" : "cx-unoriented";
  canvas.setAttribute("role", "option");
  canvas.setAttribute("aria-selected", "false");
  canvas.setAttribute("aria-label", short(cell));
  canvas.title = short(cell);
  canvas.addEventListener("click", () => choose(place, { preventScroll: true }));
  bank.append(canvas);
  return canvas;
});

function choose(place, focus) {
  options[chosen].setAttribute("aria-selected", "false");
  chosen = Math.max(0, Math.min(cells.length - 1, place));
  options[chosen].setAttribute("aria-selected", "true");
  bank.setAttribute("aria-activedescendant", options[chosen].id);
  get("about").textContent = about(cells[chosen]);
  draw();
  if (focus) bank.focus(focus);
}

bank.addEventListener("keydown", (event) => {
  const top = options[0].offsetTop, columns = options.filter((option) => option.offsetTop === top).length;
  const moves = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, ArrowUp: chosen - columns, ArrowDown: chosen + columns, Home: 0, End: cells.length - 1 };
  if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation(); // a theme may turn the page with the arrow keys
  const to = moves[event.key];
  if (to >= 0 && to < cells.length) choose(to);
});
get("like").addEventListener("change", () => drawMap(cells[chosen]));
get("blind").addEventListener("change", () => drawMap(cells[chosen]));
slider("turn", turns.length - 1, () => {
  get("like").checked = false;
  drawMap(cells[chosen]);
});
get("turn").value = String(turns.indexOf(0));
choose(byNumber.get(data.first));
// A link to #cell-explorer-cell-12 opens the page at that cell.
onAddress("cell", (number) => {
  if (byNumber.has(number)) choose(byNumber.get(number));
});
onResize(draw);
