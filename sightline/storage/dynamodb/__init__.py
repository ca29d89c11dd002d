"""The one edge to DynamoDB, shared by its stores: tables, items, conditions, changes, pages."""
