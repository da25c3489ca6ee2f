"""What if: the kit's formula, and simulations of the laboratory."""
