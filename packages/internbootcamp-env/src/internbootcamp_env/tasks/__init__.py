"""Task families, one folder per field; each module lists its tasks in `TASKS`."""
