// A figure of the text opens large on a click or Enter; Escape, a click or the button closes it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const pictures = [...document.querySelectorAll("article.bd-article img")].filter((picture) => !picture.closest("a, button"));
  if (!pictures.length || !window.HTMLDialogElement) return;
  const dialog = document.createElement("dialog"), large = document.createElement("img"), caption = document.createElement("p"), close = document.createElement("button");
  dialog.className = "zoom";
  dialog.setAttribute("aria-label", "Figure, large");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  dialog.append(close, large, caption);
  dialog.addEventListener("click", (event) => caption.contains(event.target) || dialog.close());
  document.body.append(dialog);

  for (const picture of pictures) {
    const opener = document.createElement("button");
    opener.type = "button";
    opener.className = "zoom";
    opener.title = "Show large";
    picture.replaceWith(opener);
    opener.append(picture); // its alt text is the button's name
    opener.addEventListener("click", () => {
      const text = picture.closest("figure")?.querySelector("figcaption")?.cloneNode(true);
      text?.querySelectorAll(".headerlink").forEach((link) => link.remove());
      caption.replaceChildren(...(text ? [...text.querySelectorAll("p")].flatMap((part) => [...part.childNodes]) : []));
      large.alt = picture.alt;
      large.src = picture.currentSrc || picture.src;
      large.style.setProperty("--ratio", picture.naturalWidth / picture.naturalHeight || 1);
      large.style.setProperty("--natural", (picture.naturalWidth || 800) + "px");
      dialog.showModal();
      dialog.scrollTo(0, 0);
    });
  }
});
