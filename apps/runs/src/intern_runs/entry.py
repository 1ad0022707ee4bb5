"""The frame around every program: one line for the user's mistakes, an exit code, no traceback.

A defect of the program itself still shows its traceback: hiding it would help nobody.
"""

import errno
import os
import sys
from collections.abc import Callable

from intern_runs.errors import ProgramError

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def run_program(program: Callable[[], None], *, resume_hint: str = "") -> int:
    """Run a program's body and turn what the user can mend into one line on stderr.

    Args:
        program: The body; returns when done.
        resume_hint: What to add after an interruption, for example how to resume.

    Returns:
        The exit code: 0 done, 2 user error, 130 interrupted.
    """
    # Read when torch is loaded: OpenMP threads that spin while they wait make a busy machine crawl.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        program()
    except ProgramError as error:
        return _say(f"error: {error}", EXIT_USER_ERROR)
    except KeyboardInterrupt:
        return _say(f"interrupted{resume_hint and ': ' + resume_hint}", EXIT_INTERRUPTED)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = error.filename or "the run folder"
        return _say(
            f"error: the disk is full while writing {where}; what was complete is kept. "
            "Free some space, then resume the run.",
            EXIT_USER_ERROR,
        )
    return 0


def _say(line: str, exit_code: int) -> int:
    sys.stderr.write(" ".join(line.split()) + "\n")
    return exit_code
