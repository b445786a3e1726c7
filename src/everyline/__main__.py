"""`python -m everyline` is the command `everyline`."""

from everyline.cli import main

main()
