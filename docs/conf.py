"""How Sphinx makes the book: the notebooks as they are committed, and the pages around them.

    python -m sphinx -c docs . build/book        (what `make book` does, with warnings as errors)

Nothing is executed and nothing is fetched. The sources are the files of the repository where they
lie, so a link that works on GitHub works in the book; `hooks.py` beside this file does the rest.
"""

import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
about = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Colourise: a hands-on course"
author = about["authors"][0]["name"]
copyright = f"{author}; code MIT, text CC BY 4.0"
version = release = about["version"]
language = "en-GB"

root_doc = "README"
include_patterns = [
    "README.md",
    "TEACHING.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "notebooks/[0-9]*.ipynb",
    "notebooks/more/*.ipynb",
    "data/README.md",
    "data/photos/README.md",
    "data/weights/README.md",
]
# Folders that are not even to be looked into, as they may be large.
exclude_patterns = ["build", ".*", "data/*-*", "data/executed", "**/.*", "colourlib", "tests"]

extensions = ["myst_nb", "hooks"]
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # the book has no kernel; by default this would come from the network
nb_render_markdown_format = "gfm"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # as GitHub does: every heading has an anchor

suppress_warnings = ["myst.header"]  # GitHub's pages may begin below an <h1>

html_math_renderer = "mathml"  # from hooks.py; MathJax would come from the network

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_theme_options = {
    "repository_url": about["urls"]["Repository"],
    "repository_branch": f"v{version}",  # as the badges: a page and its code belong together
    "path_to_docs": "",
    "use_repository_button": True,
    "use_download_button": False,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    "navbar_persistent": [],  # one search field, the one beside the chapters
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "show_toc_level": 2,
    "home_page_in_toc": True,
}
