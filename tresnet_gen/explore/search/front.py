"""The Pareto front: candidates that no other beats in one objective without losing in another.

Costs are made small; an objective to maximise comes with its sign changed. Of candidates with equal costs the first
stays, and counts the others.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Costs = tuple[float, ...]


class Member(NamedTuple):
    """A candidate on the front: its costs, its number, and how many later ones cost the same."""

    costs: Costs
    number: int
    twins: int = 0


class Front:
    """A front that grows: exact, whatever the order in which candidates come; members are sorted by their costs."""

    def __init__(self, members: Sequence[Member] = ()) -> None:
        self.members = sorted(members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def add(self, number: int, costs: Costs) -> bool:
        """Take a candidate in unless it is beaten, and drop those it beats; return whether it is in.

        Only members before its place can beat it, as only they cost no more in the first objective; only members
        behind can be beaten.
        """
        members = self.members
        place = bisect_left(members, (costs,))
        if place < len(members) and members[place].costs == costs:
            twin = members[place]
            members[place] = twin._replace(twins=twin.twins + 1)
            return False
        if len(costs) == 2:  # sorted by the first, a front falls in the second
            if place and members[place - 1].costs[1] <= costs[1]:
                return False
        elif any(_covers(member.costs, costs) for member in reversed(members[:place])):
            return False
        beaten = place
        if len(costs) <= 2:
            while beaten < len(members) and _covers(costs, members[beaten].costs):
                beaten += 1
            members[place:beaten] = [Member(costs, number)]
        else:
            kept = [member for member in members[place:] if not _covers(costs, member.costs)]
            members[place:] = [Member(costs, number), *kept]
        return True


def _covers(one: Costs, other: Costs) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))
