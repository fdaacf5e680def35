"""Habits of real servers on a switch: `table.HABITS` lists them, `model.Habit` says what one is."""

from sandbox.habits.model import Active, Found, Parcel, Question
from sandbox.habits.table import HABITS, Habits

__all__ = ["HABITS", "Active", "Found", "Habits", "Parcel", "Question"]
