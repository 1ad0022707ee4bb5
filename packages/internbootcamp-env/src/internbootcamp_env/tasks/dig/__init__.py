"""Digital circuits and hardware."""
