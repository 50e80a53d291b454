"""The report as a page: one HTML file that brings all it shows, opens offline and runs no script."""
