// What the interactive figures share. It is put inside the script of each, so that two on one page do not meet; `name` begins the ids of a figure.
function figureTools(name) {
  const get = (part) => document.getElementById(name + "-" + part);
  const data = JSON.parse(get("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const signed = (text) => new Int8Array(bytes(text).buffer);
  const shades = data.shades.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const minus = (value, digits) => value.toFixed(digits).replace("-", "−");

  // A stretch of signed bytes as values from -1 to 1, NaN where there is none.
  const scaled = (from, start, count) => Array.from(from.subarray(start, start + count), (value) => (value === data.missing ? NaN : value / 127));

  // The half of a point-symmetric map that was kept, up to its centre, and its mirror image.
  const whole = (kept) => kept.concat(kept.slice(0, -1).reverse());

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

  // A square canvas made white and as sharp as the screen: its pen, its side, and how many of its pixels are one of the page.
  function ready(canvas) {
    const sharp = window.devicePixelRatio || 1, side = Math.round((canvas.clientWidth || 260) * sharp);
    canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, side, side);
    pen.imageSmoothingEnabled = false;
    pen.font = 12 * sharp + "px system-ui, sans-serif";
    return { pen, sharp, side };
  }

  // Lines of text in the middle of a canvas that has nothing to show.
  function say({ pen, sharp, side }, ...lines) {
    pen.fillStyle = "#4a5863";
    pen.font = 13 * sharp + "px system-ui, sans-serif";
    pen.textAlign = "center";
    lines.forEach((line, index) => pen.fillText(line, side / 2, side / 2 + (index - (lines.length - 1) / 2) * 18 * sharp));
  }

  // Calls `draw` when the room of the figure has changed: another window, a closed sidebar, another theme.
  function onResize(draw) {
    const figure = document.getElementById(name);
    let room = figure.clientWidth, waiting = 0;
    function later() {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(draw, 150);
    }
    window.addEventListener("resize", later);
    new ResizeObserver(() => {
      if (figure.clientWidth !== room) later();
      room = figure.clientWidth;
    }).observe(figure);
  }

  // Calls `show` with n when the address of the page ends in #name-part-n, now or later.
  function onAddress(part, show) {
    function read() {
      const found = new RegExp("^#" + name + "-" + part + "-(\\d+)$").exec(window.location.hash);
      if (found) show(Number(found[1]));
    }
    read();
    window.addEventListener("hashchange", read);
  }

  return { get, data, bytes, signed, minus, scaled, whole, shade, raster, ready, say, onResize, onAddress };
}
