"""Run the command line from a checkout: `python cli.py build tresnet_l`."""

from tresnet_gen.cli import main

if __name__ == "__main__":
    main()
