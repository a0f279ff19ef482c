const { get, data, signed, minus, scaled, whole, raster, plane, colourBar, tell, list, nearest, show, slider,
  onResize, onAddress } = figureTools("kernel-player");
const maps = signed(data.maps), fans = signed(data.fans);
const { families, diffusion, length, turns, directions, ring, ticks, half, core, root, slope, ink, accent } = data;
const wide = ticks.length, far = ticks[wide - 1] + (ticks[1] - ticks[0]) / 2, last = turns.length - 1;
const middle = (ring[0] + ring[1]) / 2, radian = Math.PI / 180;
const choices = [get("completion"), get("enhancement")];
const degrees = (number) => Math.sign(number) * turns[Math.abs(number)];
const turnAt = (angle) => Math.sign(angle) * nearest(turns, Math.abs(angle));
// The numbers of the kernel, and of the turn, negative where it is clockwise.
const at = { family: data.first[0], diffusion: data.first[1], length: data.first[2], turn: turnAt(data.first[3]) };
const kernel = () => (at.family * diffusion.length + at.diffusion) * length.length + at.length;
const own = () => get("own").checked;

// What has the full colour: the greatest value at a turn itself, or at any.
const top = (tops, size) => (own() ? tops[size] : Math.max(...tops));

// What is stored of a map or a fan at a turn, as a share of the full colour to some power.
function shares(from, tops, size, count, power) {
  const rest = (tops[size] / top(tops, size)) ** power;
  return scaled(from, (kernel() * turns.length + size) * count, count).map((value) => value * rest);
}

// Rows of the map at a turn; a turn to the other side is the mirror image.
function mapAt(number) {
  const values = whole(shares(maps, data.map_tops[kernel()], Math.abs(number), half, root));
  if (number >= 0) return values;
  return Array.from({ length: wide }, (_, row) => values.slice((wide - 1 - row) * wide, (wide - row) * wide)).flat();
}

// The fan at one turn, by direction from -90 to 90 degrees, both included.
function fanAt(number) {
  const values = shares(fans, data.fan_tops[kernel()], Math.abs(number), directions, 1);
  values.push(values[0]);
  return number < 0 ? values.reverse() : values;
}

// Directions in degrees in which the second edge lies on a circle with the first; at a right angle there are two.
const coCircular = () => (Math.abs(degrees(at.turn)) === 90 ? [45, -45] : [degrees(at.turn) / 2]);
const named = () => families[at.family] + ", D " + diffusion[at.diffusion] + " rad²/px, 1/α " + length[at.length] + " px";
const full = (tops) => top(tops, Math.abs(at.turn)).toPrecision(2) +
  " per px² and radian, the greatest at " + (own() ? "its turn" : "any turn");

// One of the two planes, from `-most` to `most`, with a picture in which shares of the full colour, to a power, run smoothly.
function plot(part, most, power, picture, width, height) {
  const sheet = plane(get(part), [-most, most], [-most, most], 48);
  sheet.pen.imageSmoothingEnabled = true;
  sheet.put(picture, width, height);
  colourBar(get(part + "-scale"), 0, [0, 0.1, 0.5, 1].map((share) => [share ** power, 100 * share + (share === 1 ? " %" : "")]));
  return sheet;
}

function drawMap() {
  const sheet = plot("map", far, root, raster(wide, mapAt(at.turn)), 2 * far), direction = degrees(at.turn) * radian;
  for (const radius of ring) sheet.ellipse(0, 0, radius, radius, 0, 0.8, "#65737e");
  for (const psi of coCircular().map((angle) => angle * radian)) {
    const along = [Math.cos(psi), Math.sin(psi)];
    sheet.line([-2 * far, 2 * far].map((away) => along.map((part) => away * part)), 1.5, ink, [2, 4]);
    for (const away of [-middle, middle]) sheet.bar(away * along[0], away * along[1], direction, 3.4, 3.5, accent);
  }
  sheet.bar(0, 0, 0, 3.4, 3.5, ink);
  sheet.axes([-10, 0, 10], "", "x, along the edge at the centre (px)", "y (px)");
  tell("map", "Map of the kernel: " + named() + ", turn " + minus(degrees(at.turn), 0) + "°",
    "Density of a second edge turned by θ, in % of the full colour (steps of a square root): " + full(data.map_tops[kernel()]) +
    " beyond " + core + " px. Black: the edge at the centre. " +
    "Dotted: the co-circular direction ψ = θ/2, with such edges in red. Circles: the ring of B.");
}

function drawFan() {
  const rows = [], turned = degrees(at.turn);
  for (let number = last; number >= -last; number -= 1) rows.push(...fanAt(number));
  const sheet = plot("fan", 90, 1, raster(directions + 1, rows), 180 + 180 / directions, 180 + turns[1]);
  for (const shift of [-180, 0, 180]) sheet.line([[-90, shift - 180], [90, shift + 180]], 1.5, ink, [6, 4]);
  sheet.line([[-90, turned], [90, turned]], 1.5, accent);
  sheet.axes([-90, -45, 0, 45, 90], "°", "direction ψ of the second edge", "its turn θ");
  for (const psi of coCircular()) {
    sheet.dot(psi, turned, 5.5, "#fff");
    sheet.dot(psi, turned, 4, accent);
  }
  tell("fan", "Fan of the kernel, with the line of co-circular edges: " + named(),
    "Mean density from " + ring[0] + " to " + ring[1] + " px, in % of the full colour: " + full(data.fan_tops[kernel()]) +
    ". Dashed: co-circular edges, θ = 2ψ. Red: the turn of A, and its co-circular direction.");
}

function drawWords() {
  const tops = data.fan_tops[kernel()], weak = 100 * tops[Math.abs(at.turn)] / tops[0], name = families[at.family];
  const turned = Math.sqrt(2 * diffusion[at.diffusion] * length[at.length]) / radian;
  const percent = weak < 0.1 ? "less than 0.1" : weak < 9.5 ? weak.toFixed(1) : weak.toFixed(0);
  const where = coCircular().length > 1 ? "±45" : minus(coCircular()[0], 1).replace(".0", "");
  list("words", [
    name[0].toUpperCase() + name.slice(1) + ": in its mean life a path turns by √(2D/α) = " + turned.toFixed(0) + "° (root mean square).",
    "Edges turned by " + minus(degrees(at.turn), 0) + "° are co-circular in direction ψ = " + where +
      "°. On the ring they reach " + percent + " % of the greatest density of parallel edges.",
    "B by rows: at any turn the kernel is even about the dashed line, whatever D and α.",
    "B by columns: in a given direction near the axis the likeliest turn is θ = " + slope[kernel()].toFixed(2) + "\u00a0ψ; co-circular would be 2\u00a0ψ.",
  ]);
}

function draw() {
  choices.forEach((choice, number) => { choice.checked = number === at.family; });
  show("diffusion", at.diffusion, diffusion[at.diffusion] + " rad²/px");
  show("length", at.length, length[at.length] + " px");
  show("turn", at.turn, minus(degrees(at.turn), 0) + "°");
  drawMap();
  drawFan();
  drawWords();
}

function change(part, number) {
  at[part] = number;
  draw();
}

choices.forEach((choice, number) => choice.addEventListener("change", () => change("family", number)));
slider("diffusion", diffusion.length - 1, (number) => change("diffusion", number));
slider("length", length.length - 1, (number) => change("length", number));
slider("turn", last, (number) => change("turn", number));
get("turn").min = String(-last);
get("own").addEventListener("change", draw);
draw();
// A link to #kernel-player-turn-60 opens the page at the turn nearest to it.
onAddress("turn", (angle) => change("turn", turnAt(angle)));
onResize(draw);
