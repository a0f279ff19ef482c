// BOOK, above, holds [anchor, title, text] of each section of each page. Sphinx finds and ranks the pages; this shows where in them.

const SHOWN = 3, BEFORE = 100, LENGTH = 260;

// What of the text a word of the query stands for: the word, or its stem with another ending.
function pattern(words) {
  const stemmer = new Stemmer();
  const stems = words.flatMap((word) => [word, stemmer.stemWord(word), stemmer.stemWord(word).replace(/i$/, "y")]);
  return new RegExp("(?:" + [...new Set(stems)].sort((a, b) => b.length - a.length).map(_escapeRegExp).join("|") + ")\\p{L}*", "giu");
}

function marked(element, text, found) {
  let from = 0;
  for (const hit of text.matchAll(found)) {
    const mark = document.createElement("mark");
    mark.textContent = hit[0];
    element.append(text.slice(from, hit.index), mark);
    from = hit.index + hit[0].length;
  }
  element.append(text.slice(from));
  return element;
}

// A piece of the text that begins a little before a hit, at the first one that has the most of the words behind it.
function excerpt(text, found, each) {
  const counts = [...text.matchAll(found)].map(({ index }) => [index, each.filter((one) => text.slice(index, index + LENGTH - BEFORE).search(one) >= 0).length]);
  const most = Math.max(...counts.map(([, count]) => count)), first = (counts.find(([, count]) => count === most) || [0])[0];
  const from = first > BEFORE ? text.indexOf(" ", first - BEFORE) + 1 : 0;
  const until = from + LENGTH < text.length ? Math.max(text.lastIndexOf(" ", from + LENGTH), first + 1) : text.length;
  return (from ? "… " : "") + text.slice(from, until) + (until < text.length ? " …" : "");
}

// The sections of a page that hold most of the words, in the order of the page.
function best(page, each) {
  const counted = BOOK[page].map((section) => ({ section, count: each.filter((one) => (section[1] + " " + section[2]).search(one) >= 0).length }));
  const most = Math.max(1, ...counted.map(({ count }) => count));
  return counted.filter(({ count }) => count === most).slice(0, SHOWN).map(({ section }) => section);
}

function link(page, anchor, text, found) {
  const element = document.createElement("a");
  element.href = document.documentElement.dataset.content_root + page + ".html" + anchor;
  return marked(element, text, found);
}

Search.query = (query) => {
  const asked = Search._parseQuery(query), words = [...asked[3]];
  const ranked = Search._performSearch(...asked).reverse().map(([page]) => page);
  const pages = [...new Set(ranked)].filter((page) => BOOK[page]), each = words.map((word) => pattern([word]));
  const found = pattern(words.length ? words : [query.trim().toLowerCase()]);
  for (const page of pages) {
    const item = document.createElement("li"), list = document.createElement("ul"), title = (BOOK[page][0] || [])[1] || page;
    item.append(link(page, "", title, found), list);
    for (const [anchor, heading, text] of best(page, each)) {
      const place = document.createElement("li"), context = document.createElement("p");
      context.className = "context";
      if (heading !== title) context.append(link(page, "#" + anchor, heading, found), ": ");
      place.append(marked(context, excerpt(text, found, each), found));
      list.append(place);
    }
    Search.output.append(item);
  }
  _finishSearch(pages.length);
};
