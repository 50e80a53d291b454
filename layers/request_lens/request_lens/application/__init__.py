"""Use cases, one a module: collect, settle, publish, sweep."""
