"""The zip that SCF gets: entry files, shared/, rules, pinned dependencies, bytecode, certificates."""
