"""The category tree, put together from whichever of the three ways a server tells it: parents, children, roots."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clients.tmf620 import Category


@dataclass
class CategoryTree:
    """All categories of one audience. A parent that is named and missing makes its children roots."""

    by_id: dict[str, Category] = field(default_factory=dict)
    parent_of: dict[str, str] = field(default_factory=dict)
    children_of: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, categories: Iterable[Category]) -> "CategoryTree":
        tree = cls({category.id: category for category in categories})
        for category in tree.by_id.values():
            if category.parent_id in tree.by_id:
                tree.parent_of[category.id] = category.parent_id
            for child in category.sub_category:
                if child.id in tree.by_id:
                    tree.parent_of.setdefault(child.id, category.id)
        for child_id in tree.by_id:
            if child_id in tree.parent_of:
                tree.children_of.setdefault(tree.parent_of[child_id], []).append(child_id)
        return tree

    def roots(self) -> list[Category]:
        return [category for category in self.by_id.values() if category.id not in self.parent_of]

    def children(self, category_id: str) -> list[Category]:
        return [self.by_id[child] for child in self.children_of.get(category_id, ())]

    def parent(self, category_id: str) -> Category | None:
        return self.by_id.get(self.parent_of.get(category_id, ""))

    def with_descendants(self, category_id: str) -> frozenset[str]:
        """The category's own id and those of everything below it; a cycle upstream ends where it began."""
        found: set[str] = set()
        left = [category_id]
        while left:
            if (current := left.pop()) not in found:
                found.add(current)
                left += self.children_of.get(current, ())
        return frozenset(found)
