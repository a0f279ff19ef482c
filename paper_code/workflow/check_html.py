"""Check the built book: links, fragments and assets exist, no other host is asked, pictures have a text, and every script is known.

    python -m paper_code.workflow.check_html _build/html

prints one line a fault and exits with status 1 if there is any. Links that a reader may click (``<a href>``) can lead anywhere.
"""

import argparse
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest", "apple-touch-icon"}
"""Values of ``<link rel>`` that make a browser fetch something."""

CSS_ADDRESS = re.compile(r"""@import\s+(?:url\()?\s*["']?([^"'();\s]+)|url\(\s*["']?([^"')]+)""")
OWN_SCRIPTS = [path.read_text(encoding="utf-8").strip() for path in (Path(__file__).parents[1] / "figures" / "interactive").glob("*.js")]
THEME_SCRIPTS = {
    "kernelName = 'python3'",
    '// Activate the search field on page load let searchInput = document.querySelector("form.bd-search input"); if (searchInput) {'
    ' searchInput.focus(); searchInput.select(); console.log("[PST]: Set focus on search field."); }',
}
THEME_HANDLERS = {"window.print()", "toggleFullScreen()"}
"""All that may run in the body of a page; anything else came in with data, such as the name of somebody's images."""

SCRIPT_ADDRESS = re.compile(r"""(?:import\s*\(?|\bfrom|\bsrc\s*=|importScripts\(|fetch\()\s*["'`]((?:https?:)?//[^"'`]+)""")


class Page(HTMLParser):
    """One page: ``links`` and ``assets`` as (address, line), ``anchors``, and ``faults`` as (line, message)."""

    def __init__(self, text):
        super().__init__()
        self.links, self.assets, self.anchors, self.faults, self.inside = [], [], set(), [], None
        self.body, self.script = False, None
        self.feed(text)
        self.handle_endtag("script")  # should the last one be open

    def handle_starttag(self, tag, attributes):
        values, line = dict(attributes), self.getpos()[0]
        self.inside = tag if tag in ("style", "script") else None
        self.body = self.body or tag == "body"
        if tag == "script" and not values.get("src") and values.get("type") not in ("application/json", "text/x-thebe-config"):
            self.script = (line, [])
        for name, value in values.items():
            handles = name.startswith("on") and (value or "").strip() not in THEME_HANDLERS
            if handles or name == "srcdoc" or re.sub(r"[\x00-\x20]", "", value or "").lower().startswith("javascript:"):
                self.faults.append((line, f"unknown script: {name}={(value or '')[:60]}"))
        self.anchors.update(value for key in ("id", "name") if (value := values.get(key)))
        if tag == "a" and values.get("href"):
            self.links.append((values["href"], line))
        if tag == "link" and values.get("href"):
            loaded = LOADED_LINKS & set((values.get("rel") or "").lower().split())
            (self.assets if loaded else self.links).append((values["href"], line))
        if tag != "a" and values.get("src"):
            self.assets.append((values["src"], line))
        if tag == "object" and values.get("data"):
            self.assets.append((values["data"], line))
        for part in (values.get("srcset") or "").split(","):
            if part.strip():
                self.assets.append((part.split()[0], line))
        self.assets += [(address, line) for address in css_addresses(values.get("style") or "")]
        if tag == "img" and not (values.get("alt") or "").strip():
            self.faults.append((line, f"picture without alt text: {(values.get('src') or '')[:80]}"))

    def handle_endtag(self, tag):
        self.inside = None
        if tag == "script" and self.script and self.body:
            line, text = self.script[0], "".join(self.script[1])
            words = " ".join(text.split())
            if words not in THEME_SCRIPTS and not any(own in text for own in OWN_SCRIPTS):
                self.faults.append((line, f"unknown script: {words[:60]}"))
        self.script = None

    def handle_data(self, data):
        line = self.getpos()[0]
        if self.script:
            self.script[1].append(data)
        if self.inside == "style":
            self.assets += [(address, line) for address in css_addresses(data)]
        if self.inside == "script":
            self.assets += [(address, line) for address in SCRIPT_ADDRESS.findall(data)]


def css_addresses(text):
    """Addresses that a style sheet loads."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return [imported or address for imported, address in CSS_ADDRESS.findall(text)]


def check(folder):
    """Faults of the book in ``folder``, one string each, sorted by page and line; templates in ``_static`` are no pages."""
    root = Path(folder).resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html")) if "_static" not in path.parts}
    if not pages:
        return [f"{folder}: no html pages"]
    faults = []

    def fault(path, line, message):
        faults.append((str(path.relative_to(root)), line, message))

    for path, page in pages.items():
        for line, message in page.faults:
            fault(path, line, message)
        for address, line in page.assets:
            if problem := asset_problem(address, path, root):
                fault(path, line, problem)
        for address, line in page.links:
            if problem := link_problem(address, path, root, pages):
                fault(path, line, problem)
    for path in sorted(root.rglob("*.css")):
        for address in css_addresses(path.read_text(encoding="utf-8")):
            if problem := asset_problem(address, path, root):
                fault(path, 1, problem)
    return [f"{path}:{line}: {message}" for path, line, message in sorted(set(faults))]


def local_target(address, path, root):
    """The file that a local address names, or None if it lies outside the book."""
    target = unquote(urlsplit(address).path)
    target = (root / target.lstrip("/") if target.startswith("/") else path.parent / target).resolve() if target else path
    if target.is_dir():
        target = target / "index.html"
    return target if target.is_relative_to(root) else None


def asset_problem(address, path, root):
    """What is wrong with something that the browser loads, or None."""
    parts = urlsplit(address.strip())
    if parts.scheme in ("data", "blob", "about") or address.startswith("#"):
        return None
    if parts.scheme or parts.netloc:
        return f"loaded from another host: {address}"
    target = local_target(address, path, root)
    return None if target and target.is_file() else f"missing file: {address}"


def link_problem(address, path, root, pages):
    """What is wrong with a link, or None."""
    parts = urlsplit(address.strip())
    if parts.scheme or parts.netloc:
        return None
    target = local_target(address, path, root)
    if target is None or not target.is_file():
        return f"broken link: {address}"
    fragment = unquote(parts.fragment)
    if fragment and fragment != "top" and target in pages and fragment not in pages[target].anchors:
        return f"no such fragment: {address}"
    return None


def main(arguments=None):
    """Print the faults; 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.workflow.check_html", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="_build/html")
    faults = check(parser.parse_args(arguments).folder)
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
