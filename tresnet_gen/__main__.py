"""`python -m tresnet_gen` is `tresnet-gen`."""

from tresnet_gen.cli import main

main()
