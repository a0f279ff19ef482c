const { get, data, signed, minus, scaled, whole, shade, raster, ready, onResize, onAddress } = figureTools("kernel-player");
const maps = signed(data.maps), fans = signed(data.fans);
const { families, diffusion, length, turns, directions, ring, ticks, half, core, root, slope, ink, accent } = data;
const wide = ticks.length, far = ticks[wide - 1] + (ticks[1] - ticks[0]) / 2, last = turns.length - 1;
const middle = (ring[0] + ring[1]) / 2, radian = Math.PI / 180;
const choices = [get("completion"), get("enhancement")];
let [family, spread, reach] = data.first, turn = 0; // numbers of the kernel, and of the turn, negative where it is clockwise

const degrees = (number) => Math.sign(number) * turns[Math.abs(number)];
const kernel = () => (family * diffusion.length + spread) * length.length + reach;
const own = () => get("own").checked;

// A value's share of what has the full colour: the greatest at its own turn, or at any.
const share = (tops, size) => (own() ? 1 : tops[size] / Math.max(...tops));

// Rows of the map at a turn; a turn to the other side is the mirror image.
function mapAt(number) {
  const size = Math.abs(number), rest = share(data.map_tops[kernel()], size) ** root;
  const values = whole(scaled(maps, (kernel() * turns.length + size) * half, half)).map((value) => value * rest);
  if (number >= 0) return values;
  return Array.from({ length: wide }, (_, row) => values.slice((wide - 1 - row) * wide, (wide - row) * wide)).flat();
}

// The fan at one turn, by direction from -90 to 90 degrees, both included.
function fanAt(number) {
  const size = Math.abs(number), rest = share(data.fan_tops[kernel()], size);
  const values = scaled(fans, (kernel() * turns.length + size) * directions, directions).map((value) => value * rest);
  values.push(values[0]);
  return number < 0 ? values.reverse() : values;
}

// A square with axes at the left and below, `reachOf` to either side, y up.
function plot(canvas, reachOf) {
  const sheet = ready(canvas), { pen, sharp, side } = sheet, left = 48 * sharp, top = 5 * sharp, room = side - left - top;
  const x = (value) => left + (value / reachOf + 1) / 2 * room, y = (value) => top + (1 - value / reachOf) / 2 * room;
  const within = () => {
    pen.save();
    pen.beginPath();
    pen.rect(left, top, room, room);
    pen.clip();
  };
  return {
    pen, sharp, x, y,
    put(picture, halfWide, halfHigh) {
      within();
      pen.imageSmoothingEnabled = true;
      pen.drawImage(picture, x(-halfWide), y(halfHigh), x(halfWide) - x(-halfWide), y(-halfHigh) - y(halfHigh));
      pen.restore();
    },
    line(points, thick, colour, dash) {
      within();
      pen.strokeStyle = colour;
      pen.lineWidth = thick * sharp;
      pen.lineCap = dash ? "butt" : "round";
      pen.setLineDash((dash || []).map((part) => part * sharp));
      pen.beginPath();
      points.forEach(([px, py], index) => (index ? pen.lineTo(x(px), y(py)) : pen.moveTo(x(px), y(py))));
      pen.stroke();
      pen.restore();
    },
    dot(px, py, size, colour) {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(x(px), y(py), size * sharp, 0, 2 * Math.PI);
      pen.fill();
    },
    axes(marks, unit, horizontal, vertical) {
      pen.strokeStyle = "#9aa5ae";
      pen.lineWidth = sharp;
      pen.strokeRect(left, top, room, room);
      pen.fillStyle = "#4a5863";
      for (const mark of marks) {
        pen.textAlign = "center";
        pen.fillText(minus(mark, 0) + unit, Math.min(x(mark), side - 12 * sharp), top + room + 15 * sharp);
        pen.textAlign = "right";
        pen.fillText(minus(mark, 0) + unit, left - 5 * sharp, Math.max(Math.min(y(mark) + 4 * sharp, top + room), 12 * sharp));
      }
      pen.textAlign = "center";
      pen.fillText(horizontal, x(0), side - 8 * sharp);
      pen.save();
      pen.translate(12 * sharp, y(0));
      pen.rotate(-Math.PI / 2);
      pen.fillText(vertical, 0, 0);
      pen.restore();
    },
  };
}

// The colours from nothing to the full one, with marks at some shares of it.
function drawScale(canvas, power) {
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round((canvas.clientWidth || 260) * sharp);
  canvas.height = 30 * sharp;
  const pen = canvas.getContext("2d"), left = 48 * sharp, right = canvas.width - 24 * sharp;
  for (let x = left; x < right; x += 1) {
    pen.fillStyle = "rgb(" + shade((x - left) / (right - left)).join(",") + ")";
    pen.fillRect(x, 0, 1.5, 10 * sharp);
  }
  pen.fillStyle = "#4a5863";
  pen.font = 12 * sharp + "px system-ui, sans-serif";
  pen.textAlign = "center";
  for (const part of [0, 0.1, 0.5, 1]) pen.fillText(100 * part + (part === 1 ? " %" : ""), left + part ** power * (right - left), 25 * sharp);
}

// Directions in degrees in which the second edge lies on a circle with the first; at a right angle there are two.
const coCircular = () => (Math.abs(degrees(turn)) === 90 ? [45, -45] : [degrees(turn) / 2]);
const named = () => families[family] + ", D " + diffusion[spread] + " rad²/px, 1/α " + length[reach] + " px";
const full = (tops) => {
  const top = own() ? tops[Math.abs(turn)] : Math.max(...tops);
  return top.toPrecision(2) + " per px² and radian, the greatest " + (own() ? "at its turn" : "at any turn");
};

function drawMap() {
  const sheet = plot(get("map"), far), tops = data.map_tops[kernel()], direction = degrees(turn) * radian;
  sheet.put(raster(wide, mapAt(turn)), far, far);
  for (const radius of ring) {
    const circle = Array.from({ length: 121 }, (_, part) => [radius * Math.cos(3 * part * radian), radius * Math.sin(3 * part * radian)]);
    sheet.line(circle, 0.8, "#65737e");
  }
  const edge = (x, y, angle, colour) => {
    const ends = [-1.7, 1.7].map((away) => [x + away * Math.cos(angle), y + away * Math.sin(angle)]);
    sheet.line(ends, 6, "#fff");
    sheet.line(ends, 3.5, colour);
  };
  for (const psi of coCircular().map((angle) => angle * radian)) {
    const along = [Math.cos(psi), Math.sin(psi)];
    sheet.line([-2 * far, 2 * far].map((away) => along.map((part) => away * part)), 1.5, ink, [2, 4]);
    for (const side of [-middle, middle]) edge(side * along[0], side * along[1], direction, accent);
  }
  edge(0, 0, 0, ink);
  sheet.axes([-10, 0, 10], "", "x, along the edge at the centre (px)", "y (px)");
  drawScale(get("map-scale"), root);
  get("map-note").textContent = "Density of a second edge turned by θ, in % of the full colour (steps of a square root): " + full(tops) + " beyond " + core +
    " px. Black: the edge at the centre. Dotted: the co-circular direction ψ = θ/2, with such edges in red. Circles: the ring of B.";
  get("map").setAttribute("aria-label", "Map of the kernel: " + named() + ", turn " + minus(degrees(turn), 0) + "°");
}

function drawFan() {
  const sheet = plot(get("fan"), 90), rows = [];
  for (let number = last; number >= -last; number -= 1) rows.push(...fanAt(number));
  sheet.put(raster(directions + 1, rows), 90 + 90 / directions, 90 + turns[1] / 2);
  for (const shift of [-180, 0, 180]) sheet.line([[-90, shift - 180], [90, shift + 180]], 1.5, ink, [6, 4]);
  sheet.line([[-90, degrees(turn)], [90, degrees(turn)]], 1.5, accent);
  for (const psi of coCircular()) {
    sheet.dot(psi, degrees(turn), 5.5, "#fff");
    sheet.dot(psi, degrees(turn), 4, accent);
  }
  sheet.axes([-90, -45, 0, 45, 90], "°", "direction ψ of the second edge", "its turn θ");
  drawScale(get("fan-scale"), 1);
  get("fan-note").textContent = "Mean density from " + ring[0] + " to " + ring[1] + " px, in % of the full colour: " + full(data.fan_tops[kernel()]) +
    ". Dashed: co-circular edges, θ = 2ψ. Red: the turn of A, and its co-circular direction.";
  get("fan").setAttribute("aria-label", "Fan of the kernel, with the line of co-circular edges: " + named());
}

function drawWords() {
  const tops = data.fan_tops[kernel()], weak = 100 * tops[Math.abs(turn)] / tops[0];
  const turned = Math.sqrt(2 * diffusion[spread] * length[reach]) / radian;
  const percent = weak < 0.1 ? "less than 0.1" : weak < 9.5 ? weak.toFixed(1) : weak.toFixed(0);
  const where = coCircular().length > 1 ? "±45" : minus(coCircular()[0], 1).replace(".0", "");
  get("words").replaceChildren(...[
    families[family][0].toUpperCase() + families[family].slice(1) + ": in its mean life a path turns by √(2D/α) = " + turned.toFixed(0) + "° (root mean square).",
    "Edges turned by " + minus(degrees(turn), 0) + "° are co-circular in direction ψ = " + where + "°. On the ring they reach " + percent + " % of the greatest density of parallel edges.",
    "B by rows: at any turn the kernel is even about the dashed line, whatever D and α.",
    "B by columns: in a given direction near the axis the likeliest turn is θ = " + slope[kernel()].toFixed(2) + "\u00a0ψ; co-circular would be 2\u00a0ψ.",
  ].map((text) => {
    const line = document.createElement("li");
    line.textContent = text;
    return line;
  }));
}

function show(name, value, text) {
  get(name).value = String(value);
  get(name + "-now").textContent = text;
  get(name).setAttribute("aria-valuetext", text);
}

function draw() {
  choices.forEach((choice, number) => { choice.checked = number === family; });
  show("diffusion", spread, diffusion[spread] + " rad²/px");
  show("length", reach, length[reach] + " px");
  show("turn", turn, minus(degrees(turn), 0) + "°");
  drawMap();
  drawFan();
  drawWords();
}

// The number of the turn nearest to some degrees.
function turnAt(angle) {
  const away = turns.map((one) => Math.abs(one - Math.abs(angle)));
  return Math.sign(angle) * away.indexOf(Math.min(...away));
}

get("diffusion").max = String(diffusion.length - 1);
get("length").max = String(length.length - 1);
get("turn").min = String(-last);
get("turn").max = String(last);
choices.forEach((choice, number) => choice.addEventListener("change", () => {
  family = number;
  draw();
}));
get("diffusion").addEventListener("input", () => {
  spread = Number(get("diffusion").value);
  draw();
});
get("length").addEventListener("input", () => {
  reach = Number(get("length").value);
  draw();
});
get("turn").addEventListener("input", () => {
  turn = Number(get("turn").value);
  draw();
});
get("own").addEventListener("change", draw);
turn = turnAt(data.first[3]);
draw();
// A link to #kernel-player-turn-60 opens the page at the turn nearest to it.
onAddress("turn", (angle) => {
  turn = turnAt(angle);
  draw();
});
onResize(draw);
