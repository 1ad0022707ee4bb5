"""Print the digest of one task, its cases made last first.

The audit starts it, with the id and the cases per level as arguments, and with another hash
seed, time zone and locale, and compares.
"""

import sys

from internbootcamp_env.registry import get

from .subject import digest

if __name__ == "__main__":
    name, per_level = sys.argv[1:]
    sys.stdout.write(digest(get(name), int(per_level), backwards=True) + "\n")
