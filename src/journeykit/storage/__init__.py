"""Where decisions are kept: `memory`, `sqlite`. Each keeps the promises of `journeykit.ports.Storage`."""
