"""`python -m intern_rl`, for torchrun."""

from intern_rl.main import main

if __name__ == "__main__":
    main()
