const { get, data, signed, minus, scaled, whole, raster, plane, say, tell, list, nearest, show, slider,
  onResize, onAddress } = figureTools("growth");
const l0 = signed(data.l0), bank = signed(data.bank), maps = signed(data.maps);
const { steps, small, side, cells, wide, half, reach, ink, accent } = data;
const last = steps.length - 1;
let at = last, timer = 0;

function drawCentre() {
  if (!small) return ["l0", "profile"].forEach((part) => say(get(part), "no l0"));
  const far = small * 0.75, profile = plane(get("profile"), [-0.12 * far, 1.06 * far], [-1.54, 1.16]);
  const weights = scaled(l0, at * small * small, small * small);
  plane(get("l0"), [-1, 1]).put(raster(small, weights), 2);
  profile.line([[0, 0], [far, 0]], 1, "#9aa5ae");
  weights.forEach((value, index) => {
    const right = index % small - (small - 1) / 2 - data.centre[0], up = (small - 1) / 2 - Math.floor(index / small) - data.centre[1];
    profile.dot(Math.hypot(right, up), value, 2.4, ink);
  });
  for (const tick of [0, 2, 4]) if (tick < far) profile.label(String(tick), profile.x(tick), 0.9 * profile.side);
  profile.label("distance (px)", profile.side / 2, profile.side - 5 * profile.sharp);
  get("l0").setAttribute("aria-label", "l0 at step " + steps[at]);
  get("profile").setAttribute("aria-label", "Weights of l0 against radius at step " + steps[at]);
}

function drawBank() {
  const columns = Math.ceil(Math.sqrt(cells.length)), sheet = plane(get("bank"), [0, columns], [-columns, 0]);
  cells.forEach((cell, place) => {
    const values = scaled(bank, (at * cells.length + place) * side * side, side * side);
    sheet.put(raster(side, values), 0.96, 0.96, place % columns + 0.5, -Math.floor(place / columns) - 0.5);
  });
  const known = data.angles.filter((angle) => angle !== null);
  tell("bank", "The filters of l1 at step " + steps[at],
    cells.length + " filters, each on its own scale, each in one place at all steps: rows from left to right, " +
    "orientations from " + (known.length ? Math.min(...known) + "° to " + Math.max(...known) + "°" : "none") +
    ", then " + (cells.length - known.length) + " without one.");
}

function drawMap() {
  if (!data.kept.length) return say(get("map"), "no map of K");
  const sheet = plane(get("map"), [-reach, reach]), which = data.nearest[at], kept = scaled(maps, which * half, half);
  sheet.put(raster(wide, whole(kept)), 2 * reach);
  sheet.bar(0, 0, 0, 3, 2.5, ink);
  const exact = data.kept[which] === steps[at];
  tell("map", "Mean map of K at step " + data.kept[which],
    "Coefficient of cos Φ from sources of like orientation (within 22.5°), along the bars to the right; " + (2 * reach).toFixed(0) +
    " px wide; full colour: " + data.scale.toFixed(2) + " sd of K, at every step. Bar: the cell. " + (exact ? "K at this very step." :
    "K was not kept at this step: shown is the nearest one, step " + data.kept[which].toLocaleString("en") + "."));
  get("map").style.outline = exact ? "" : "2px dashed " + accent;
}

function told(measure) {
  const value = measure.values[at], known = (number) => minus(number, measure.digits);
  return measure.label + ": " + (value === null ? "not kept at this step" : known(value) + " (chance " + known(measure.chance) + ")");
}

function draw() {
  show("step", at, "step " + steps[at].toLocaleString("en") + " of " + steps[last].toLocaleString("en"));
  drawCentre();
  drawBank();
  drawMap();
  list("words", data.measures.map(told));
}

// Plays by a timer, or stops if it is 0.
function play(next) {
  window.clearInterval(timer);
  timer = next;
  get("play").textContent = timer ? "Pause" : "Play";
  get("words").setAttribute("aria-live", timer ? "off" : "polite");
}

get("play").addEventListener("click", () => {
  if (timer) return play(0);
  if (at === last) at = 0;
  play(window.setInterval(() => {
    if (at < last) at += 1;
    draw();
    if (at === last) play(0);
  }, 450));
  draw();
});

function go(place) {
  play(0);
  at = place;
  draw();
}

slider("step", last, go);
draw();
// A link to #growth-step-623 opens the page at the step nearest to it.
onAddress("step", (step) => go(nearest(steps, step)));
onResize(draw);
