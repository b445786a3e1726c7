"""`python -m everyline` is the command `everyline`."""

import sys

from everyline.cli import main

sys.exit(main())
