"""The APIs the sandbox serves, one module each with one table. Add yours to `APIS`; nothing else has to know it."""

from sandbox.apis.porting import PORTING
from sandbox.apis.tmf620 import TMF620
from sandbox.apis.tmf620_v5 import TMF620_V5
from sandbox.apis.tmf629 import TMF629
from sandbox.apis.tmf629_v5 import TMF629_V5
from sandbox.apis.tmf632 import TMF632
from sandbox.apis.tmf632_v5 import TMF632_V5
from sandbox.apis.tmf637 import TMF637
from sandbox.apis.tmf637_v5 import TMF637_V5
from sandbox.apis.tmf639 import TMF639
from sandbox.apis.tmf639_v5 import TMF639_V5
from sandbox.apis.tmf663 import TMF663
from sandbox.apis.tmf663_v5 import TMF663_V5
from sandbox.apis.tmf666 import TMF666
from sandbox.apis.tmf666_v5 import TMF666_V5
from sandbox.apis.tmf681 import TMF681
from sandbox.apis.tmf685 import TMF685
from sandbox.apis.tmf687 import TMF687

_PEOPLE = (TMF629, TMF629_V5, TMF632, TMF632_V5, TMF637, TMF637_V5, TMF666, TMF666_V5)
APIS = (TMF620, TMF620_V5, *_PEOPLE, TMF639, TMF639_V5, TMF663, TMF663_V5, TMF681, TMF685, TMF687, PORTING)
