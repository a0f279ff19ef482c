"""Sphinx extension: a notebook page offers its Markdown source beside the executed notebook, and loads nothing from elsewhere."""

from pathlib import Path


def add_markdown_button(app, pagename, templatename, context, doctree):
    """Add a link to the staged ``.md`` to the theme's group of download buttons."""
    source = Path("_sources") / f"{pagename}.md"
    if not (Path(app.srcdir) / "extra" / source).is_file():
        return
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].insert(
                1,
                {
                    "type": "link",
                    "url": context["pathto"](source.as_posix(), 1),
                    "text": ".md",
                    "icon": "fas fa-file",
                    "tooltip": "Download the text this notebook was made from",
                    "label": "download-markdown-button",
                },
            )


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out the scripts of sphinx-thebe: this book does not use them, and they name another host."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(script) and "thebe" not in (getattr(script, "attributes", {}).get("body") or "").lower()
    ]


def setup(app):
    """Register both after the theme, which works at priority 501."""
    app.connect("html-page-context", add_markdown_button, priority=502)
    app.connect("html-page-context", drop_thebe, priority=502)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
