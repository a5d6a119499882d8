"""Tables as typed rows, and the row that is for the patient."""
