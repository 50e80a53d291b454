"""The dashboard's picture for the documents: dashboard.yaml's own JSON over an hour of traffic, drawn as SVG."""
