// What the interactive figures share. It is put inside the script of each, so that two on one page do not meet; `name` begins the ids of a figure.
function figureTools(name) {
  const get = (part) => document.getElementById(name + "-" + part);
  const data = JSON.parse(get("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const signed = (text) => new Int8Array(bytes(text).buffer);
  const shades = data.shades.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const soft = "#4a5863", rule = "#9aa5ae"; // the colours of text and of lines beside the pictures
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

  // A white canvas as sharp as the screen, square or of some height: its pen, its width, and how many of its pixels are one of the page.
  function ready(canvas, height) {
    const sharp = window.devicePixelRatio || 1, side = Math.round((canvas.clientWidth || 260) * sharp);
    canvas.width = side;
    canvas.height = height ? height * sharp : side;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, side, canvas.height);
    pen.imageSmoothingEnabled = false;
    pen.font = 12 * sharp + "px system-ui, sans-serif";
    pen.textAlign = "center";
    return { pen, sharp, side };
  }

  // A square canvas on which x runs over `across`, a pair of numbers, and y, upwards, over `up`; a margin, in px, leaves room for axes.
  function plane(canvas, across, up = across, margin = 0) {
    const { pen, sharp, side } = ready(canvas), left = margin * sharp, top = margin ? 5 * sharp : 0, room = side - left - top;
    const unit = room / (across[1] - across[0]), rise = room / (up[1] - up[0]);
    const x = (value) => left + (value - across[0]) * unit, y = (value) => top + (up[1] - value) * rise;
    pen.save(); // until the axes are drawn, the pen is kept to the plane
    pen.beginPath();
    pen.rect(left, top, room, room);
    pen.clip();
    const sheet = {
      pen, sharp, side, x,
      // A picture with its middle at a place.
      put(picture, width, height = width, midX = 0, midY = 0) {
        pen.drawImage(picture, x(midX - width / 2), y(midY + height / 2), width * unit, height * rise);
      },
      stroke(path, thick, colour, dash = [], opacity = 1) {
        pen.save();
        pen.globalAlpha = opacity;
        pen.strokeStyle = colour;
        pen.lineWidth = thick * sharp;
        pen.lineCap = dash.length ? "butt" : "round";
        pen.setLineDash(dash.map((part) => part * sharp));
        pen.beginPath();
        path();
        pen.stroke();
        pen.restore();
      },
      line(points, ...style) {
        sheet.stroke(() => points.forEach((point) => pen.lineTo(x(point[0]), y(point[1]))), ...style);
      },
      ellipse(midX, midY, long, wide, theta, ...style) {
        sheet.stroke(() => pen.ellipse(x(midX), y(midY), long * unit, wide * rise, -theta, 0, 2 * Math.PI), ...style);
      },
      // A bar with a white rim; one that has an opacity has none.
      bar(midX, midY, theta, length, thick, colour, opacity) {
        const ends = [-length / 2, length / 2].map((away) => [midX + away * Math.cos(theta), midY + away * Math.sin(theta)]);
        if (opacity === undefined) sheet.line(ends, thick + 2, "#fff");
        sheet.line(ends, thick, colour, [], opacity);
      },
      dot(midX, midY, size, colour) {
        pen.fillStyle = colour;
        pen.beginPath();
        pen.arc(x(midX), y(midY), size * sharp, 0, 2 * Math.PI);
        pen.fill();
      },
      // Text on a ground that lets little through, at a place in pixels of the canvas.
      label(text, px, py) {
        const width = pen.measureText(text).width + 6 * sharp;
        pen.fillStyle = "rgba(255, 255, 255, 0.85)";
        pen.fillRect(px - width / 2, py - 12 * sharp, width, 15.6 * sharp);
        pen.fillStyle = soft;
        pen.fillText(text, px, py);
      },
      // The names of the axes, and marks with a unit along x and, in a margin, along y.
      axes(marks, unitName, horizontal, vertical) {
        pen.restore();
        for (const mark of marks) {
          const text = minus(mark, 0) + unitName, level = Math.max(Math.min(y(mark) + 4 * sharp, top + room), 12 * sharp);
          sheet.line([[mark, up[0]], [mark, up[0] + 4 * sharp / rise]], 1, soft);
          sheet.label(text, Math.min(x(mark), side - 12 * sharp), Math.min(top + room + 15 * sharp, side - 8 * sharp));
          if (margin) sheet.label(text, left - 5 * sharp - pen.measureText(text).width / 2, level);
        }
        sheet.label(horizontal, left + room / 2, side - 8 * sharp);
        pen.translate(13 * sharp, top + room / 2);
        pen.rotate(-Math.PI / 2);
        sheet.label(vertical, 0, 0);
        pen.resetTransform();
        if (margin) sheet.stroke(() => pen.rect(left, top, room, room), 1, rule);
      },
    };
    return sheet;
  }

  // The colours from `low` to 1, with marks: where between the ends, and what to write there.
  function colourBar(canvas, low, marks) {
    const { pen, sharp, side } = ready(canvas, 30), left = 48 * sharp, end = marks[marks.length - 1][1];
    const room = side - left - pen.measureText(end).width / 2 - 4 * sharp;
    const colours = raster(256, Array.from({ length: 256 }, (_, place) => low + (1 - low) * place / 255));
    pen.drawImage(colours, left, 0, room, 10 * sharp);
    pen.fillStyle = soft;
    for (const [part, text] of marks) pen.fillText(text, left + part * room, 25 * sharp);
  }

  // Lines of text in the middle of a canvas that has nothing to show.
  function say(canvas, ...lines) {
    const { pen, sharp, side } = ready(canvas);
    pen.fillStyle = soft;
    lines.forEach((line, index) => pen.fillText(line, side / 2, side / 2 + (index - (lines.length - 1) / 2) * 18 * sharp));
  }

  // Tells what a canvas shows: in its label, and in the note below it.
  function tell(part, label, note) {
    get(part).setAttribute("aria-label", label);
    get(part + "-note").textContent = note;
  }

  const element = (kind, properties) => Object.assign(document.createElement(kind), properties);
  const list = (part, texts) => get(part).replaceChildren(...texts.map((text) => element("li", { textContent: text })));

  // The place of the value that is nearest to a number.
  function nearest(values, number) {
    const away = values.map((value) => Math.abs(value - number));
    return away.indexOf(Math.min(...away));
  }

  // Puts a slider at a place, with words for what is there.
  function show(part, place, words) {
    get(part).value = String(place);
    get(part).setAttribute("aria-valuetext", words);
    get(part + "-now").textContent = words;
  }

  // Calls `moved` with the new place of a slider, at most `last`.
  function slider(part, last, moved) {
    get(part).max = String(last);
    get(part).addEventListener("input", () => moved(Number(get(part).value)));
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

  return { get, data, bytes, signed, minus, scaled, whole, raster, plane, colourBar, say, tell, element, list, nearest, show, slider,
    onResize, onAddress };
}
