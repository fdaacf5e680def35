"""The APIs the sandbox serves, one module each with one table. Add yours to `APIS`; nothing else has to know it."""

from sandbox.apis.porting import PORTING
from sandbox.apis.tmf620 import TMF620
from sandbox.apis.tmf620_v5 import TMF620_V5
from sandbox.apis.tmf639 import TMF639
from sandbox.apis.tmf639_v5 import TMF639_V5
from sandbox.apis.tmf663 import TMF663
from sandbox.apis.tmf663_v5 import TMF663_V5
from sandbox.apis.tmf685 import TMF685
from sandbox.apis.tmf687 import TMF687

APIS = (TMF620, TMF620_V5, TMF639, TMF639_V5, TMF663, TMF663_V5, TMF685, TMF687, PORTING)
