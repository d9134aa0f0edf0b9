"""The journey map: what was designed beside what was taken, laid out, drawn as SVG, and shown as a page."""
