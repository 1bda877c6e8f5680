"""What is found of issuers and tokens, on servers that really answer, rightly and wrongly."""
