"""The APIs the sandbox serves, one module each with one table. Add yours to `APIS`; nothing else has to know it."""

from sandbox.apis.tmf620 import TMF620
from sandbox.apis.tmf620_v5 import TMF620_V5

APIS = (TMF620, TMF620_V5)
