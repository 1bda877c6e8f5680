"""The law of the house: who may know whom, and what an import may load."""
