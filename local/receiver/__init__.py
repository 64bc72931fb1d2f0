"""Endpoints of one's own for Roomscribe's events: they verify, keep and show what arrives."""
