"""When and where rules run; whether they run is the ledger's word alone."""
