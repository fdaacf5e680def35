"""What a dashboard shows of port-ins. Numbers never appear in here, only how many."""

from prometheus_client import Counter

MOVED = Counter("bff_port_ins_moved", "Port-ins that came into a state.", ["state"])
REFUSED = Counter("bff_port_ins_refused", "Requests that were refused, by why.", ["why"])
UNKNOWN = Counter("bff_port_ins_unknown_outcomes", "Writes of which nobody knew what became of them.", ["system"])
REPAIRED = Counter("bff_port_ins_repaired", "Numbers whose state in the inventory was put right.")
