"""OCPP: charge points that call us. The central system, and one ``Charger`` for each of them."""
