"""What Roomscribe costs and survives, measured: `make bench` and `make chaos`."""
