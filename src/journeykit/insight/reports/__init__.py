"""What is written for people to read: reviews of the KPIs, and counts of what became of customers."""
