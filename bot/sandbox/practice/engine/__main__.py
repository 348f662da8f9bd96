"""`python -m bot.sandbox.practice.engine ARGUMENTS`: the practice server's docker."""

import sys

from bot.sandbox.practice.engine.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
