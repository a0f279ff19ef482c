const { get, data, signed, minus, scaled, whole, raster, ready, say, onResize, onAddress } = figureTools("growth");
const l0 = signed(data.l0), bank = signed(data.bank), maps = signed(data.maps);
const { steps, small, side, cells, wide, half, reach, ink, accent } = data;
const last = steps.length - 1;
let at = last, timer = 0;

function drawCentre() {
  const picture = ready(get("l0")), profile = ready(get("profile"));
  if (!small) {
    say(picture, "no l0");
    say(profile, "no l0");
    return;
  }
  const weights = scaled(l0, at * small * small, small * small);
  picture.pen.drawImage(raster(small, weights), 0, 0, picture.side, picture.side);
  const { pen, sharp, side: room } = profile, far = small * 0.75;
  const x = (radius) => (0.1 + 0.85 * radius / far) * room, y = (value) => (0.43 - 0.37 * value) * room;
  pen.strokeStyle = "#9aa5ae";
  pen.lineWidth = sharp;
  pen.beginPath();
  pen.moveTo(x(0), y(0));
  pen.lineTo(x(far), y(0));
  pen.stroke();
  pen.fillStyle = ink;
  weights.forEach((value, index) => {
    const right = index % small - (small - 1) / 2 - data.centre[0], up = (small - 1) / 2 - Math.floor(index / small) - data.centre[1];
    pen.beginPath();
    pen.arc(x(Math.hypot(right, up)), y(value), 2.4 * sharp, 0, 2 * Math.PI);
    pen.fill();
  });
  pen.fillStyle = "#4a5863";
  pen.textAlign = "center";
  pen.fillText("distance (px)", room / 2, room - 5 * sharp);
  for (const tick of [0, 2, 4]) if (tick < far) pen.fillText(String(tick), x(tick), 0.9 * room);
  get("l0").setAttribute("aria-label", "l0 at step " + steps[at]);
  get("profile").setAttribute("aria-label", "Weights of l0 against radius at step " + steps[at]);
}

function drawBank() {
  const sheet = ready(get("bank")), columns = Math.ceil(Math.sqrt(cells.length)), unit = sheet.side / columns, gap = 2 * sheet.sharp;
  cells.forEach((cell, place) => {
    const values = scaled(bank, (at * cells.length + place) * side * side, side * side);
    sheet.pen.drawImage(raster(side, values), place % columns * unit, Math.floor(place / columns) * unit, unit - gap, unit - gap);
  });
  const known = data.angles.filter((angle) => angle !== null);
  get("bank-note").textContent = cells.length + " filters, each on its own scale, each in one place at all steps: rows from left to right, orientations from " +
    (known.length ? Math.min(...known) + "° to " + Math.max(...known) + "°" : "none") + ", then " + (cells.length - known.length) + " without one.";
  get("bank").setAttribute("aria-label", "The filters of l1 at step " + steps[at]);
}

function drawMap() {
  const sheet = ready(get("map"));
  if (!data.kept.length) {
    say(sheet, "no map of K");
    return;
  }
  const which = data.nearest[at], kept = scaled(maps, which * half, half);
  sheet.pen.drawImage(raster(wide, whole(kept)), 0, 0, sheet.side, sheet.side);
  const middle = sheet.side / 2, unit = sheet.side / (2 * reach);
  for (const [thick, colour] of [[5, "#fff"], [2.5, ink]]) {
    sheet.pen.strokeStyle = colour;
    sheet.pen.lineWidth = thick * sheet.sharp;
    sheet.pen.beginPath();
    sheet.pen.moveTo(middle - 1.5 * unit, middle);
    sheet.pen.lineTo(middle + 1.5 * unit, middle);
    sheet.pen.stroke();
  }
  const exact = data.kept[which] === steps[at];
  get("map-note").textContent = "Coefficient of cos Φ from sources of like orientation (within 22.5°), along the bars to the right; " + (2 * reach).toFixed(0) +
    " px wide; full colour: " + data.scale.toFixed(2) + " sd of K, at every step. Bar: the cell. " +
    (exact ? "K at this very step." : "K was not kept at this step: shown is the nearest one, step " + data.kept[which].toLocaleString("en") + ".");
  get("map").style.outline = exact ? "" : "2px dashed " + accent;
  get("map").setAttribute("aria-label", "Mean map of K at step " + data.kept[which]);
}

function drawWords() {
  get("words").replaceChildren(...data.measures.map((measure) => {
    const line = document.createElement("li"), value = measure.values[at];
    line.textContent = measure.label + ": " + (value === null ? "not kept at this step" : minus(value, measure.digits) + " (chance " + minus(measure.chance, measure.digits) + ")");
    return line;
  }));
}

function draw() {
  const text = "step " + steps[at].toLocaleString("en") + " of " + steps[last].toLocaleString("en");
  get("now").textContent = text;
  get("step").setAttribute("aria-valuetext", text);
  get("step").value = String(at);
  drawCentre();
  drawBank();
  drawMap();
  drawWords();
}

function stop() {
  window.clearInterval(timer);
  timer = 0;
  get("play").textContent = "Play";
  get("words").setAttribute("aria-live", "polite");
}

get("play").addEventListener("click", () => {
  if (timer) {
    stop();
    return;
  }
  if (at === last) at = 0;
  get("play").textContent = "Pause";
  get("words").setAttribute("aria-live", "off");
  draw();
  timer = window.setInterval(() => {
    if (at < last) at += 1;
    draw();
    if (at === last) stop();
  }, 450);
});
get("step").max = String(last);
get("step").addEventListener("input", () => {
  stop();
  at = Number(get("step").value);
  draw();
});
draw();
// A link to #growth-step-623 opens the page at the step nearest to it.
onAddress("step", (step) => {
  stop();
  const away = steps.map((one) => Math.abs(one - step));
  at = away.indexOf(Math.min(...away));
  draw();
});
onResize(draw);
