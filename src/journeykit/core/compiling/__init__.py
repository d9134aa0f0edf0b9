"""From definitions to what every signal looks things up in: rows and plans, splits and shared numbers, the chain of policies, the index of all."""
