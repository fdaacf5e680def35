"""Real processes in bad company: `scripts/chaos cart --seeds 3 --seconds 60`, `scripts/chaos numbers --seeds 1-5`.

estate.py    sandbox, Redis, database and gateways; killing, stopping and continuing them
history.py   what was asked and answered, and the checker that judges it afterwards
shopping.py  shoppers with many tabs, over HTTP, who lose answers
cart.py      a run: all of it at once, then everything heals; and the table in docs/carts.md

The same for numbers: numbers_estate.py with numbers_processes.py (gateways and workers with
clocks of their own, out of nursery.py), numbers_history.py, numbers_shopping.py, numbers_end.py (journal, Redis and
inventory, which have to agree in the end), numbers.py.
"""
