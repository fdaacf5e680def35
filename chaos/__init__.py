"""Real processes in bad company: `scripts/chaos cart --seeds 3 --seconds 60`.

estate.py    sandbox, Redis, database and gateways; killing, stopping and continuing them
history.py   what was asked and answered, and the checker that judges it afterwards
shopping.py  shoppers with many tabs, over HTTP, who lose answers
cart.py      a run: all of it at once, then everything heals; and the table in docs/carts.md
"""
