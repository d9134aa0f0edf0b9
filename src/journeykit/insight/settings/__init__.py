"""What a shop says about its numbers: names, currency and zone, and the few KPIs that it wants to reach."""
