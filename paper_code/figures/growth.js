(function () {
  "use strict";
  const get = (name) => document.getElementById("growth-" + name);
  const data = JSON.parse(get("data").textContent);
  const signed = (text) => Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const l0 = signed(data.l0), bank = signed(data.bank), maps = signed(data.maps);
  const { steps, small, side, cells, wide, half, reach, ink, accent } = data;
  const shades = data.shades.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const last = steps.length - 1;
  let at = last, timer = 0;

  // A signed value from -1 to 1 as red, green, blue.
  function shade(value) {
    const place = (Math.max(-1, Math.min(1, value)) + 1) / 2 * (shades.length - 1);
    const low = Math.min(Math.floor(place), shades.length - 2), part = place - low;
    return shades[low].map((channel, index) => Math.round(channel + part * (shades[low + 1][index] - channel)));
  }

  // A canvas of small squares, one a value; NaN is light grey.
  function raster(columns, values) {
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = values.length / columns;
    const pen = canvas.getContext("2d"), picture = pen.createImageData(canvas.width, canvas.height);
    values.forEach((value, index) => picture.data.set([...(Number.isNaN(value) ? [228, 231, 233] : shade(value)), 255], 4 * index));
    pen.putImageData(picture, 0, 0);
    return canvas;
  }

  const scaled = (bytes, start, count) => Array.from(bytes.subarray(start, start + count), (value) => (value === -128 ? NaN : value / 127));

  function ready(canvas) {
    const sharp = window.devicePixelRatio || 1;
    canvas.width = Math.round((canvas.clientWidth || 260) * sharp);
    canvas.height = Math.round((canvas.clientHeight || canvas.clientWidth || 260) * sharp);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = false;
    pen.font = 12 * sharp + "px system-ui, sans-serif";
    return { pen, sharp, width: canvas.width, height: canvas.height };
  }

  function say(sheet, text) {
    sheet.pen.fillStyle = "#4a5863";
    sheet.pen.textAlign = "center";
    sheet.pen.fillText(text, sheet.width / 2, sheet.height / 2);
  }

  function drawCentre() {
    const picture = ready(get("l0")), profile = ready(get("profile"));
    if (!small) {
      say(picture, "no l0");
      say(profile, "no l0");
      return;
    }
    const weights = scaled(l0, at * small * small, small * small);
    picture.pen.drawImage(raster(small, weights), 0, 0, picture.width, picture.height);
    const { pen, sharp, width, height } = profile, far = small * 0.75;
    const x = (radius) => (0.1 + 0.85 * radius / far) * width, y = (value) => (0.47 - 0.4 * value) * height;
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
    pen.fillText("distance (px)", width / 2, height - 5 * sharp);
    for (const tick of [0, 2, 4]) if (tick < far) pen.fillText(String(tick), x(tick), 0.9 * height);
    get("l0").setAttribute("aria-label", "l0 at step " + steps[at]);
  }

  function drawBank() {
    const sheet = ready(get("bank")), columns = Math.ceil(Math.sqrt(cells.length)), unit = sheet.width / columns, gap = 2 * sheet.sharp;
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
    sheet.pen.drawImage(raster(wide, kept.concat(kept.slice(0, half - 1).reverse())), 0, 0, sheet.width, sheet.height);
    const middle = sheet.width / 2, unit = sheet.width / (2 * reach);
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
      line.textContent = measure.label + ": " + (value === null ? "K not kept at this step" : value.toFixed(2).replace("-", "−") + (measure.beyond[at] ? ", above chance" : ", not above chance"));
      if (measure.beyond[at]) line.className = "gr-beyond";
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
    get("play").setAttribute("aria-pressed", "false");
    get("words").setAttribute("aria-live", "polite");
  }

  get("play").addEventListener("click", () => {
    if (timer) {
      stop();
      return;
    }
    if (at === last) at = 0;
    get("play").textContent = "Pause";
    get("play").setAttribute("aria-pressed", "true");
    get("words").setAttribute("aria-live", "off");
    draw();
    timer = window.setInterval(() => {
      at += 1;
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
  // A link to #growth-step-623 opens the page at the step nearest to it.
  function fromAddress() {
    const found = /^#growth-step-(\d+)$/.exec(window.location.hash);
    if (!found) return;
    stop();
    const away = steps.map((step) => Math.abs(step - Number(found[1])));
    at = away.indexOf(Math.min(...away));
    draw();
  }
  draw();
  fromAddress();
  window.addEventListener("hashchange", fromAddress);
  let waiting = 0;
  window.addEventListener("resize", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(draw, 150);
  });
})();
