"""Values to charts in SVG: scatter, bars, timeline.

Each is a function of values alone. A chart is a whole file or, with `standalone=False`, an element for a page that has
the colours. Whatever a colour says, a shape, a place or a text says too.
"""

from tresnet_gen.explore.charts.bars import Bar, Segment, bars
from tresnet_gen.explore.charts.scales import Axis, amount
from tresnet_gen.explore.charts.scatter import Guide, Point, Series, scatter
from tresnet_gen.explore.charts.timeline import Sample, timeline

__all__ = ["Axis", "Bar", "Guide", "Point", "Sample", "Segment", "Series", "amount", "bars", "scatter", "timeline"]
