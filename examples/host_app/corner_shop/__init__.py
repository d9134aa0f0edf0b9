"""A small shop: carts, orders, complaints, and customer journeys around them."""
