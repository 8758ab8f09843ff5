"""OCPP over real sockets, against a scripted charge point and the simulator."""
