"""Schemes of names, one family a module."""

from tresnet_gen.runtime.convert.network import Network
from tresnet_gen.runtime.convert.schemes.mobile import TIMM_MOBILE
from tresnet_gen.runtime.convert.schemes.residual import OFFICIAL, OWN, RESNET
from tresnet_gen.runtime.convert.schemes.scheme import Scheme, Shapes, Source
from tresnet_gen.runtime.convert.schemes.torchvision import TORCHVISION_MOBILE, TORCHVISION_SHUFFLE

__all__ = ["OWN", "SCHEMES", "WORDS", "Scheme", "Shapes", "Source", "writer"]

SCHEMES = (OWN, OFFICIAL, RESNET, TIMM_MOBILE, TORCHVISION_SHUFFLE, TORCHVISION_MOBILE)
WORDS = ("ours", "timm", "torchvision", "official")


def writer(network: Network, word: str) -> Scheme | None:
    """Return the scheme that `word` stands for where it has names for networks of this kind."""
    return next((scheme for scheme in SCHEMES if word in scheme.writes(network)), None)
