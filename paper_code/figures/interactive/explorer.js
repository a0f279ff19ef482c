const { get, data, bytes, signed, minus, scaled, whole, shade, raster, ready, say, onResize, onAddress } = figureTools("cell-explorer");
const fields = signed(data.fields), maps = signed(data.maps), bars = bytes(data.bars);
const { side, half, ticks, turns, cells, ink, accent } = data;
const wide = ticks.length, step = ticks[1] - ticks[0], reach = ticks[wide - 1] + step / 2;
const excites = data.shades[data.shades.length - 3], inhibits = data.shades[2];
const byNumber = new Map(cells.map((cell, place) => [cell.id, place]));
let chosen = 0;

const fieldOf = (place) => raster(side, scaled(fields, place * side * side, side * side));

function mapOf(place, blind, which) {
  return whole(scaled(maps, ((place * 2 + blind) * (turns.length + 1) + which) * half, half));
}

// A canvas whose unit is the pixel of the image, y up, the origin in the middle.
function framed(canvas, reachOf) {
  const sheet = ready(canvas), { pen, sharp } = sheet, unit = sheet.side / (2 * reachOf);
  return {
    ...sheet,
    // A picture of the given side in px, its middle at (x, y).
    put(picture, size, x, y) {
      pen.drawImage(picture, (reachOf + x - size / 2) * unit, (reachOf - y - size / 2) * unit, size * unit, size * unit);
    },
    bar(x, y, theta, length, thick, colour, opacity) {
      const dx = length / 2 * Math.cos(theta), dy = length / 2 * Math.sin(theta);
      pen.globalAlpha = opacity === undefined ? 1 : opacity;
      pen.strokeStyle = colour;
      pen.lineWidth = thick * sharp;
      pen.lineCap = "round";
      pen.beginPath();
      pen.moveTo((reachOf + x - dx) * unit, (reachOf - y + dy) * unit);
      pen.lineTo((reachOf + x + dx) * unit, (reachOf - y - dy) * unit);
      pen.stroke();
      pen.globalAlpha = 1;
    },
    outline(cell, x, y) {
      pen.strokeStyle = ink;
      pen.lineWidth = 1.2 * sharp;
      pen.setLineDash([5 * sharp, 4 * sharp]);
      pen.beginPath();
      pen.ellipse((reachOf + x) * unit, (reachOf - y) * unit, data.reach * cell.long * unit, data.reach * cell.wide * unit, -cell.theta * Math.PI / 180, 0, 2 * Math.PI);
      pen.stroke();
      pen.setLineDash([]);
    },
    axes(horizontal, vertical) {
      const size = 12 * sharp;
      pen.strokeStyle = ink;
      pen.lineWidth = sharp;
      pen.font = size + "px system-ui, sans-serif";
      pen.textAlign = "center";
      const label = (text, x, y) => {
        const length = pen.measureText(text).width + 0.5 * size;
        pen.fillStyle = "rgba(255, 255, 255, 0.85)";
        pen.fillRect(x - length / 2, y - size, length, 1.3 * size);
        pen.fillStyle = ink;
        pen.fillText(text, x, y);
      };
      for (const tick of [-6, 6]) {
        label(minus(tick, 0) + " px", (reachOf + tick) * unit, sheet.side - 0.6 * size);
        pen.beginPath();
        pen.moveTo((reachOf + tick) * unit, sheet.side);
        pen.lineTo((reachOf + tick) * unit, sheet.side - 0.35 * size);
        pen.stroke();
      }
      label(horizontal, reachOf * unit, sheet.side - 0.6 * size);
      pen.save();
      pen.translate(1.2 * size, reachOf * unit);
      pen.rotate(-Math.PI / 2);
      label(vertical, 0, 0);
      pen.restore();
    },
  };
}

const plus = (value) => (value < 0 ? "" : "+") + minus(value, 1);
const short = (cell) => "cell " + cell.id + (cell.oriented ? ", bars at " + cell.theta + "°" : ", without an orientation");

function about(cell) {
  if (!cell.oriented) {
    const why = cell.bound ? "its fit stopped at a bound of its parameters" : "its fit is no better than that of smooth random fields (" + data.null.toFixed(2) + ")";
    return "Cell " + cell.id + " of seed " + data.seed + ". No orientation: Gabor R² " + minus(cell.r2, 2) + ", and " + why + ". Without an axis it has no frame of its own; its strongest sources are shown all the same.";
  }
  const even = Math.cos(cell.phase * Math.PI / 180);
  const shape = even > 0.75 ? "a bright bar" : even < -0.75 ? "a dark bar" : Math.abs(even) < 0.35 ? "an edge" : "between a bar and an edge";
  return "Cell " + cell.id + " of seed " + data.seed + ". Bars at " + cell.theta + "° from the horizontal; one period in " + cell.period.toFixed(1) + " px (" + cell.frequency.toFixed(3) +
    " cycles per px); phase " + minus(cell.phase, 0) + "° at its centre: " + shape + ". Gabor R² " + cell.r2.toFixed(2) + " (95 % of smooth random fields stay below " + data.null.toFixed(2) + ").";
}

function drawField(cell) {
  const canvas = get("field"), sheet = framed(canvas, side / 2);
  sheet.put(fieldOf(chosen), side, 0, 0);
  if (cell.oriented) {
    sheet.outline(cell, cell.x, cell.y);
    sheet.bar(cell.x, cell.y, cell.theta * Math.PI / 180, 2 * cell.long, 4.5, "#fff");
    sheet.bar(cell.x, cell.y, cell.theta * Math.PI / 180, 2 * cell.long, 2.5, ink);
  }
  canvas.setAttribute("aria-label", "Receptive field of " + short(cell));
}

function drawMap(cell) {
  const canvas = get("map"), sheet = framed(canvas, reach);
  const like = get("like").checked, blind = get("blind").checked, turn = Number(get("turn").value);
  const name = like ? "like orientation" : "turn " + minus(turns[turn], 0) + "°";
  get("turn-label").textContent = "one turn: " + minus(turns[turn], 0) + "°";
  get("turn").setAttribute("aria-valuetext", turns[turn] + " degrees");
  drawScale(cell);
  if (!cell.oriented) {
    say(sheet, "no orientation,", "no frame of its own");
    get("map-note").textContent = "";
    canvas.setAttribute("aria-label", "No map: " + short(cell));
    return;
  }
  sheet.put(raster(wide, mapOf(chosen, blind ? 1 : 0, like ? 0 : turn + 1)), 2 * reach, 0, 0);
  sheet.bar(0, 0, 0, 3, 5, "#fff");
  sheet.bar(0, 0, 0, 3, 2.5, ink);
  if (!like) {
    sheet.bar(-0.72 * reach, 0.72 * reach, turns[turn] * Math.PI / 180, 3, 5, "#fff");
    sheet.bar(-0.72 * reach, 0.72 * reach, turns[turn] * Math.PI / 180, 3, 3, accent);
  }
  sheet.axes("along its bars", "across");
  const count = cell.behind[like ? 0 : turn + 1];
  get("map-note").textContent = (blind ? "Mean of K" : "Coefficient of cos Φ") + " from " + count + (count === 1 ? " source" : " sources") + " of " + name +
    (like ? "" : ", within 15° (red bar)") + ". Black bar: the chosen cell. Grey: no source there." + (count < 4 ? " With so few sources, single kernels show." : "");
  canvas.setAttribute("aria-label", "Map of K around " + short(cell) + ", " + name + (blind ? ", blind to phase" : ""));
}

function drawScale(cell) {
  const canvas = get("scale"), sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round((canvas.clientWidth || 260) * sharp);
  canvas.height = 30 * sharp;
  const pen = canvas.getContext("2d"), left = 0.15 * canvas.width, right = 0.85 * canvas.width;
  if (!cell.oriented) return;
  for (let x = left; x < right; x += 1) {
    pen.fillStyle = "rgb(" + shade(2 * (x - left) / (right - left) - 1).join(",") + ")";
    pen.fillRect(x, 0, 1.5, 10 * sharp);
  }
  pen.fillStyle = ink;
  pen.font = 12 * sharp + "px system-ui, sans-serif";
  pen.textAlign = "center";
  for (const [x, value] of [[left, -cell.scale], [(left + right) / 2, 0], [right, cell.scale]]) pen.fillText(minus(value, value ? 1 : 0) + (value > 0 ? " sd of K" : ""), x, 26 * sharp);
}

function drawBars(cell) {
  const canvas = get("bars"), sheet = framed(canvas, reach);
  canvas.setAttribute("aria-label", (cell.oriented ? "Preferred turns of the sources of " : "No association field: ") + short(cell));
  if (!cell.oriented) {
    say(sheet, "no orientation,", "no frame of its own");
    get("bars-note").textContent = "";
    return;
  }
  const angle = whole(Array.from(bars.subarray(2 * chosen * half, (2 * chosen + 1) * half), (value) => value * Math.PI / 256));
  const strength = whole(Array.from(bars.subarray((2 * chosen + 1) * half, (2 * chosen + 2) * half), (value) => value / 255));
  strength.forEach((weight, index) => {
    const x = ticks[index % wide], y = -ticks[Math.floor(index / wide)];
    if (weight > 0) sheet.bar(x, y, angle[index], step * (0.25 + 0.65 * weight), 2, ink, 0.12 + 0.88 * weight);
  });
  sheet.bar(0, 0, 0, 3, 6, "#fff");
  sheet.bar(0, 0, 0, 3, 3.5, accent);
  sheet.axes("along its bars", "across");
  get("bars-note").textContent = "At each place the turn of the sources with the greatest coefficient; longer and darker: greater. Red: the chosen cell.";
}

function drawSources(cell) {
  const room = get("sources");
  const around = side / 2 - 1.5 + Math.max(...cell.strong.map(([, x, y]) => Math.max(Math.abs(x), Math.abs(y))));
  room.replaceChildren();
  for (const [number, x, y, weight] of cell.strong) {
    const other = cells[byNumber.get(number)], button = document.createElement("button"), canvas = document.createElement("canvas");
    button.type = "button";
    button.style.borderColor = weight > 0 ? excites : inhibits;
    const strength = document.createElement("span"), name = document.createElement("span");
    strength.textContent = plus(weight);
    name.textContent = "cell " + number;
    button.append(canvas, strength, name);
    button.setAttribute("aria-label", (weight > 0 ? "Excited by " : "Inhibited by ") + short(other) + ", " + x + " px right and " + y + " px up, weight " + weight.toFixed(1));
    button.addEventListener("click", () => choose(byNumber.get(number), true));
    room.append(button);
    const sheet = framed(canvas, around);
    sheet.put(fieldOf(byNumber.get(number)), side, x, y);
    if (cell.oriented) {
      sheet.bar(cell.x, cell.y, cell.theta * Math.PI / 180, 2.4 * cell.long, 3.5, "#fff");
      sheet.bar(cell.x, cell.y, cell.theta * Math.PI / 180, 2.4 * cell.long, 1.8, ink);
    } else sheet.bar(cell.x, cell.y, 0, 0.1, 6, ink);
  }
}

function draw() {
  const cell = cells[chosen];
  drawField(cell);
  drawMap(cell);
  drawBars(cell);
  drawSources(cell);
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
  canvas.addEventListener("click", () => {
    choose(place, false);
    bank.focus({ preventScroll: true });
  });
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
  if (focus) bank.focus({ preventScroll: false });
}

bank.addEventListener("keydown", (event) => {
  const top = options[0].offsetTop, columns = options.filter((option) => option.offsetTop === top).length;
  const moves = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, ArrowUp: chosen - columns, ArrowDown: chosen + columns, Home: 0, End: cells.length - 1 };
  if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation(); // a theme may turn the page with the arrow keys
  const to = moves[event.key];
  if (to >= 0 && to < cells.length) choose(to, false);
});
get("like").addEventListener("change", () => drawMap(cells[chosen]));
get("blind").addEventListener("change", () => drawMap(cells[chosen]));
get("turn").addEventListener("input", () => {
  get("like").checked = false;
  drawMap(cells[chosen]);
});
get("turn").max = String(turns.length - 1);
get("turn").value = String(turns.indexOf(0));
choose(byNumber.get(data.first), false);
// A link to #cell-explorer-cell-12 opens the page at that cell.
onAddress("cell", (number) => {
  if (byNumber.has(number)) choose(byNumber.get(number), false);
});
onResize(draw);
