"""What an inventory says of files by what they follow from, whatever was noted, amended and removed before."""

from __future__ import annotations

import random

import pytest

from portal.inventory import Inventory, Item


@pytest.mark.parametrize("seed", range(4))
def test_it_tells_of_what_is_there_and_of_nothing_that_is_gone(seed: int) -> None:
    """As a dictionary of the same would; with seed 0 nothing ever goes."""
    chance, inventory = random.Random(seed), Inventory()
    there: dict[str, str] = {}
    for _ in range(400):
        path, follows = f"{chance.choice('ab')}/{chance.randrange(60)}", f"p{chance.randrange(12)}"
        item: Item | None = None if chance.random() < 0.3 and seed else (follows, "", ())
        inventory.supplement({path: item}, {})
        there.pop(path, None)
        if item is not None:
            there[path] = follows
        wanted = set(chance.sample([f"p{each}" for each in range(14)], 3))
        assert sorted(inventory.that_follow(wanted)) == sorted(each for each in there.items() if each[1] in wanted)
        assert inventory.premises() == set(there.values())
        assert sorted(inventory.below("a/")) == sorted(each for each in there.items() if each[0].startswith("a/"))
    assert len(there) > 20
