"""The tables that numbers are worked out of: the raw ones, read out of a storage or an export, and those derived from them."""
