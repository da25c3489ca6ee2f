"""What can be seen of a page's accessibility without a person: names, labels, landmarks, contrast, order of focus."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_LOOK = (Path(__file__).parent / "accessibility.js").read_text()

_SHIFTS = """
window.__shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""


def watch_layout(page: Page) -> None:
    """Begin to measure how much the page jumps, from its next address on."""
    page.add_init_script(_SHIFTS)


def layout_shift(page: Page) -> float:
    """Return the sum of all jumps that no input explains, as browsers measure them; 0.1 is still called good."""
    return float(page.evaluate("() => window.__shifts.reduce((sum, one) => sum + one, 0)"))


def objections(page: Page) -> list[str]:
    """Return what stands against the page."""
    found: list[str] = page.evaluate(_LOOK)
    return found


def is_wider_than_the_screen(page: Page) -> bool:
    """Tell whether the page as a whole must be scrolled sideways."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth + 1"))


def focused_by_tab(page: Page, most: int = 60) -> list[dict[str, Any]]:
    """Press Tab until the focus comes round; return what had it, each with its place, and whether that shows."""
    page.evaluate("() => document.activeElement?.blur()")
    found: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        now = page.evaluate(
            """() => {
              const node = document.activeElement;
              if (!node || node === document.body) return null;
              const box = node.getBoundingClientRect();
              const rings = [node, ...(node.labels || [])].map((one) => getComputedStyle(one));
              const isRing = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
              // The ring of what is not to be seen itself is around its label.
              const shows = node.closest(".unseen") ? rings.slice(1).some(isRing) : isRing(rings[0]);
              const name = node.getAttribute("aria-label") || node.textContent.trim() || node.id;
              return { tag: node.tagName, id: node.id, name: name.slice(0, 60), shows, top: box.top, left: box.left };
            }"""
        )
        if now is None:
            break
        found.append(now)
    return found
