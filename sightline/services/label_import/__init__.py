"""Importing what another system paid for: its label rows become answers in the ledger, and rows of their images."""
