"""The gateway's HTTP side."""

HTTP_FILE = "gateway.http"
"""In the data folder of a gateway that ran: the address of its HTTP interface, for commands on the same machine."""
