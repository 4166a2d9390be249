"""What can be wrong with a dashboard, one file per kind of mistake. Needs no Grafana."""
