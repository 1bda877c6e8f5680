"""The verbs on keys and tokens, as flows of a bench: written once, for services that block and services that await."""
